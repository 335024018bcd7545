import { PipewrightError } from '../internal/error.ts'
import { definedService, type AnyService } from '../define/service.ts'
import type { AnyStep } from '../define/step.ts'
import { stepCode, type CodeRequest } from '../code/step-digest.ts'
import { codeParts, differentParts } from '../code/code-parts.ts'
import type { ChildChannel } from '../execute/child/channel.ts'
import type { ChildBoot, StepAddress } from '../execute/child/protocol.ts'
import type { ChildHost } from '../execute/child/serve.ts'
import { loadingInChild } from '../execute/child/loading.ts'
import { ServiceHost } from '../execute/service-host.ts'
import { compilePipeline } from '../plan/plan.ts'
import { marksOf } from '../secret/blind-redactor.ts'
import { openDeclaredSources } from '../secret/open-sources.ts'
import { WorkspaceSecrets } from '../secret/workspace-secrets.ts'
import { openFileStore } from '../store/file-store.ts'
import { findPipelineIn } from './find-pipeline.ts'
import { loadModule } from './load-module.ts'
import { predictorDigestIn } from './services.ts'

/** The steps of a pipeline by their keys, from its module; a pipeline of another structure is refused. */
async function stepsOf({
  module,
  pipeline,
  structure: expected,
}: StepAddress): Promise<ReadonlyMap<string, AnyStep>> {
  const exports = await loadingInChild(() => loadModule(module))
  const { structure, compiler } = compilePipeline(findPipelineIn(exports, module, pipeline))
  if (structure.digest !== expected)
    throw new PipewrightError(
      'STRUCTURE_CHANGED',
      `pipeline '${pipeline}' of ${module} is built otherwise in another process`,
      { fix: 'let the build function read nothing but its input' },
    )
  return new Map([...compiler.keys].map(([step, key]) => [key, step]))
}

async function foundService({ name, module }: ChildBoot['services'][number]): Promise<AnyService> {
  if (module !== undefined) await loadingInChild(() => loadModule(module))
  const found = definedService(name, module)
  if (found !== undefined) return found
  throw new PipewrightError(
    'SERVICE_NOT_FOUND',
    `service '${name}' is not defined when its module is loaded`,
    {
      fix: 'define it at the top level of a module: steps in threads and processes load that',
      details: { service: name, module },
    },
  )
}

/** Services are looked for when a step asks for one: what a module cannot load here must not stop steps without it. */
function lazyServices(addresses: ChildBoot['services']): {
  host: ServiceHost
  get: (name: string) => Promise<unknown>
} {
  const found = new Map<string, AnyService>()
  const host = new ServiceHost(
    addresses.map((address) => ({
      ...placeholder(address.name),
      open: async (context) => {
        const service = await foundService(address)
        found.set(address.name, service)
        return service.open(context)
      },
      close: (value: never) => found.get(address.name)?.close?.(value),
    })),
  )
  return { host, get: (name) => host.get(name) }
}

function placeholder(name: string): AnyService {
  return { name, module: undefined, open: () => undefined } as unknown as AnyService
}

/** Opens what a child serves attempts with. */
export async function openChildHost(
  { project, opaque, folder, store, services, secrets }: ChildBoot,
  channel: ChildChannel,
): Promise<ChildHost> {
  const known = new Map<string, Promise<ReadonlyMap<string, AnyStep>>>()
  const checked = new WeakMap<AnyStep, ReturnType<typeof stepCode>>()
  const { host, get } = lazyServices(services)
  const settings = { root: project, opaque }
  const read = new WorkspaceSecrets(await openDeclaredSources(secrets, project, loadModule), (name, value) =>
    channel.send({ type: 'secret', marks: marksOf(name, value) }),
  )
  return {
    services: {
      project,
      folder,
      store: await openFileStore(store.folder, store.shared ? { shared: true } : {}),
      predictorDigest: predictorDigestIn(settings),
      serviceOf: get,
      secrets: read,
    },
    ownProcesses: () => host.processes,
    close: () => host.close(),
    steps: (address) => {
      const key = JSON.stringify(address)
      const steps = known.get(key) ?? stepsOf(address)
      known.set(key, steps)
      return steps
    },
    checkCode: async (step, { code: expected, address }) => {
      if (expected === undefined) return
      const { name, module, options, run } = step
      const request = { name, module, run: run as CodeRequest['run'], version: options.version }
      const read = checked.get(step) ?? stepCode(request, settings)
      checked.set(step, read)
      const code = await read
      if (code.cacheable && code.digest === expected.digest) return
      const what = code.cacheable ? differentParts(expected.parts, codeParts(code).parts) : code.reason
      throw new PipewrightError(
        'CODE_CHANGED',
        `step '${name}' is other code where it is to run than where the run was started: ${what}`,
        {
          fix: 'restart what has loaded the code before it was changed; let modules read nothing that differs by process',
          details: { step: name, module: address.module },
        },
      )
    },
  }
}
