import { testStep } from 'pipewright/testing'
import { announce } from './steps.ts'

// expect: Type 'number' is not assignable to type 'string'
await testStep(announce, { text: 3 })
