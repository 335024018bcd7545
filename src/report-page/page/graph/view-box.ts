/** The part of the graph that is seen: its top left corner, and pixels of the screen for each of its own. */
export interface ViewBox {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** A size in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

const margin = 24
const [smallest, largest] = [0.01, 3]

/** All of a graph in the middle of a canvas, never larger than it is. */
export function fit(graph: Size, canvas: Size): ViewBox {
  const scale = Math.max(
    smallest,
    Math.min(
      1,
      (canvas.width - 2 * margin) / Math.max(1, graph.width),
      (canvas.height - 2 * margin) / Math.max(1, graph.height),
    ),
  )
  return {
    x: graph.width / 2 - canvas.width / 2 / scale,
    y: graph.height / 2 - canvas.height / 2 / scale,
    scale,
  }
}

/** Below this canvas width a whole graph would be too small to read: a part of it is shown, as large as this. */
const narrow = 620
const readableScale = 0.85

/** Whether a canvas is too narrow for a whole graph. */
export function isNarrow({ width }: Pick<Size, 'width'>): boolean {
  return width < narrow
}

/** What is seen at first: all of a graph, or on a narrow canvas its upper part around a place. */
export function firstView(graph: Size, canvas: Size, middle: number): ViewBox {
  const whole = fit(graph, canvas)
  if (!isNarrow(canvas) || whole.scale >= readableScale) return whole
  return {
    x: middle - canvas.width / 2 / readableScale,
    // Under the buttons.
    y: -3 * margin,
    scale: readableScale,
  }
}

/** How high a canvas is best, in pixels: as the graph at the scale that it is first seen at. */
export function heightOf(graph: Size, canvas: Pick<Size, 'width'>): number {
  const scale = Math.min(
    1,
    Math.max(isNarrow(canvas) ? readableScale : 0, (canvas.width - 2 * margin) / graph.width),
  )
  return Math.round(graph.height * scale + 4 * margin)
}

/** Zooms by a factor; what is at a point of the canvas stays there. */
export function zoomed(view: ViewBox, factor: number, at: readonly [number, number]): ViewBox {
  const scale = Math.min(largest, Math.max(smallest, view.scale * factor))
  return {
    x: view.x + at[0] / view.scale - at[0] / scale,
    y: view.y + at[1] / view.scale - at[1] / scale,
    scale,
  }
}

/** Moves what is seen by pixels of the screen. */
export function panned(view: ViewBox, dx: number, dy: number): ViewBox {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale }
}
