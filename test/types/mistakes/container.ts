import { defineCommandStep } from 'pipewright'

export const engine = defineCommandStep({
  name: 'engine',
  command: ['true'],
  // expect: Type '"runc"' is not assignable to type
  container: { image: 'tools:1', engine: 'runc' },
})

export const option = defineCommandStep({
  name: 'option',
  command: ['true'],
  // expect: 'netwrok' does not exist in type 'ContainerOptions'
  container: { image: 'tools:1', netwrok: 'none' },
})

export const nowhere = defineCommandStep({
  name: 'nowhere',
  command: ['true'],
  // expect: Property 'image' is missing in type
  container: { engine: 'docker' },
})
