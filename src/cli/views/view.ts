import type { RunUpdate } from '../../execute/run-request.ts'
import type { EnvironmentProgress } from '../../python/environment/environment-progress.ts'
import type { Plan } from '../../plan/document.ts'
import type { RunDetail } from '../../record/records.ts'

/** The run that a view is of. */
export interface Begun {
  readonly id: string
  readonly plan: Pick<Plan, 'scope' | 'pipelines'>
  /** What was recorded before: of a run that is resumed. */
  readonly detail?: RunDetail
}

/** Shows how a run goes on. */
export interface RunView {
  /** Told when the run is recorded; updates may come before. */
  begin(begun: Begun): void
  update(update: RunUpdate): void
  /** Says how a Python environment is made that the run needs. */
  environment(progress: EnvironmentProgress): void
  /** Says something that stays: what to do meanwhile. */
  tell(text: string): void
  /** Says something beside what happens in the run. */
  notice(text: string): void
  /** What comes after is not of this view. */
  end(): void
}
