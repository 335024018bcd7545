import type { AnyPipeline } from '../../define/runnable.ts'
import { secret } from '../../define/secret.ts'
import { compilePipeline } from '../../plan/plan.ts'
import { openSecretProviders } from '../../secret/open-sources.ts'
import { defaultSecretSources } from '../../secret/sources.ts'
import { RunSecrets } from '../../secret/run-secrets.ts'
import type { Settings } from '../../workspace/settings.ts'
import { ok, warn, type DoctorFinding } from './finding.ts'

/** The names of secrets that steps of pipelines read, with the names of these steps. */
function readBy(pipelines: readonly AnyPipeline[]): Map<string, Set<string>> {
  const steps = new Map<string, Set<string>>()
  for (const pipeline of pipelines)
    for (const step of Object.values(compilePipeline(pipeline).structure.steps))
      for (const name of Object.values(step.secrets ?? {}))
        steps.set(name, (steps.get(name) ?? new Set()).add(step.name))
  return steps
}

/** Whether the secrets of pipelines can be had here; what they are is told to nobody. */
export async function checkSecrets(
  pipelines: readonly AnyPipeline[],
  { secrets = defaultSecretSources }: Settings,
  root: string,
): Promise<DoctorFinding[]> {
  const asked = new RunSecrets(openSecretProviders(secrets, root))
  return Promise.all(
    [...readBy(pipelines)].map(async ([name, steps]) => {
      try {
        const owner = [...steps].map((step) => `step '${step}'`).join(', ')
        await asked.declared({ [name]: secret(name) }, owner)
        return ok('secret', `${name} is there`)
      } catch (error) {
        const [message = '', fix = 'see docs/guides/secrets.md'] = (error as Error).message.split('\nFix: ')
        return warn('secret', message.split('\n')[0]!, fix)
      }
    }),
  )
}
