import { shapes } from '../shapes.ts'
import { approved, brief, mapped, patient } from '../variations.ts'

// The pipelines of the contract of orchestrators: a module of its own, since threads and processes load it, and find them by name.

export const [
  patientLinear,
  patientDiamond,
  patientNestedFanOut,
  patientBranchInMap,
  patientMapInBranch,
  patientLoop,
  patientRecursion,
  patientSubPipeline,
  patientWide,
  patientDeep,
] = shapes.map(patient)

export const [
  briefLinear,
  briefDiamond,
  briefNestedFanOut,
  briefBranchInMap,
  briefMapInBranch,
  briefLoop,
  briefRecursion,
  briefSubPipeline,
  briefWide,
  briefDeep,
] = shapes.map(brief)

export const [
  mappedLinear,
  mappedDiamond,
  mappedNestedFanOut,
  mappedBranchInMap,
  mappedMapInBranch,
  mappedLoop,
  mappedRecursion,
  mappedSubPipeline,
  mappedWide,
  mappedDeep,
] = shapes.map(mapped)

export const [
  approvedLinear,
  approvedDiamond,
  approvedNestedFanOut,
  approvedBranchInMap,
  approvedMapInBranch,
  approvedLoop,
  approvedRecursion,
  approvedSubPipeline,
  approvedWide,
  approvedDeep,
] = shapes.map(approved)
