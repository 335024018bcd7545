export { testStep, type TestInputs, type TestStepOptions, type TestStepResult } from './test-step.ts'
