/** How much of a run goes into its page: a page is opened on phones and sent by mail. */
export const limits = {
  /** Bytes of all previews but pictures. */
  previewBytes: 6 * 1024 * 1024,
  /** Bytes of all pictures. */
  pictureBytes: 24 * 1024 * 1024,
  /** Bytes of all plain data of the plan, and of parameters. */
  literalBytes: 4 * 1024 * 1024,
  /** Bytes of errors that are told in full. */
  errorBytes: 1024 * 1024,
  /** Bytes of one text or JSON value that are kept. */
  textBytes: 32 * 1024,
  /** Tables that are larger are not read. */
  tableBytes: 64 * 1024 * 1024,
  /** Rows of a table that its histograms are of. */
  profiledRows: 200_000,
  headRows: 15,
  columns: 60,
  /** Artifacts that are read at all. */
  artifacts: 12_000,
  logs: 3_000,
  /** Earlier runs whose logs are shown with what was reused. */
  origins: 20,
  logLines: 400,
  logBytes: 4 * 1024 * 1024,
  curvePoints: 300,
  /** Nodes whose cache key is explained, times the executions that this reads. */
  explanations: 400,
  /** Nodes that are listed with all that is known of them; what did not succeed comes first. */
  nodes: 20_000,
  /** Nodes of a plan that the graph draws one by one. */
  graphNodes: 2_000,
  chapters: 1_500,
  stories: 8,
  differences: 500,
} as const

/** An amount that is used up. */
export class Budget {
  #left: number

  constructor(amount: number) {
    this.#left = amount
  }

  /** Takes an amount if it is there. */
  take(amount: number): boolean {
    if (amount > this.#left) return false
    this.#left -= amount
    return true
  }
}
