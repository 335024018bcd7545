import { replaceStep } from 'pipewright/testing'
import { registerModel } from 'pipewright/registry'
import { announce, classifier, train } from './steps.ts'

replaceStep(announce, ({ text }) => ({ sent: text }))
replaceStep(train, ({ depth }) => ({ model: classifier.of({ w: depth }), loss: 0 }))
const register = registerModel({ name: 'm', predictor: classifier })
replaceStep(register, ({ model }) => ({ model, version: 1 }))

// expect: Type 'number' is not assignable to type 'string'
replaceStep(announce, () => ({ sent: 3 }))

// expect: Property 'loss' is missing in type
replaceStep(train, () => ({ model: classifier.of({ w: 1 }) }))

// expect: Property 'txt' does not exist on type
replaceStep(announce, ({ txt }) => ({ sent: txt }))

// expect: Type 'string' is not assignable to type 'number'
replaceStep(register, ({ model }) => ({ model, version: '1' }))
