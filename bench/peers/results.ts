/** What one command has used; medians where it was repeated. Seconds, MiB, cores. */
export interface Usage {
  readonly wall: number
  /** User and system time of all its processes. */
  readonly cpu: number
  /** Peak of the resident memory of all its processes together. */
  readonly rss: number
  /** Cores that everything else on the machine has used meanwhile. */
  readonly others: number
  readonly repetitions: number
}

/** A step of a flow beyond its fixed cost, in milliseconds. */
export interface PerStep {
  readonly wall: number
  readonly cpu: number
}

export interface ChainResult {
  readonly size: number
  readonly smallest: Usage
  readonly whole: Usage
  readonly step: PerStep
}

export interface MapResult {
  readonly width: number
  readonly whole: Usage
  readonly item: PerStep
  /** Why it is not wider. */
  readonly limited: string | null
}

export interface CachedResult {
  readonly size: number
  readonly first: Usage
  readonly second: Usage
  /** Over the start of the smallest chain. */
  readonly step: PerStep
  /** Bodies that the second run has executed. */
  readonly bodies: number
}

export interface ResumeResult {
  readonly size: number
  readonly failed: Usage
  readonly resumed: Usage
  readonly bodies: readonly [number, number]
}

export type Truth = 'hit' | 'run'

export interface TruthResult {
  /** What each case did after its edit; `blind`: the upstream step was changed and did not run. */
  readonly verdicts: Readonly<Record<string, Truth | 'blind'>>
  readonly right: number
}

export interface InstallResult {
  readonly megabytes: number
  readonly packages: number
  /** Milliseconds over an empty process. */
  readonly import: number
}

export interface PeerResult {
  readonly versions: Readonly<Record<string, string>>
  /** Calls of `fsync` and `fdatasync` for each further step of a chain. */
  readonly syncs?: number
  readonly chain?: ChainResult
  readonly map?: MapResult
  readonly cached?: CachedResult
  readonly resume?: ResumeResult
  readonly truth?: TruthResult
  readonly install?: InstallResult
  /** What was tried and did not work, by case; `all` where the peer could not be had. */
  readonly failures: Readonly<Record<string, string>>
}

export interface Results {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGiB: number
    readonly system: string
    readonly node: string
    readonly python: string
    readonly postgres: string | null
    readonly date: string
    readonly load: number
  }
  readonly options: { readonly repeat: number; readonly limit: number }
  readonly minutes: number
  readonly peers: Readonly<Record<string, PeerResult>>
}
