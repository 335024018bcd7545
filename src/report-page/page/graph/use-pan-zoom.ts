import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { panned, zoomed, type ViewBox } from './view-box.ts'

type Change = (change: (view: ViewBox) => ViewBox) => void

/** A press that moves less than this is a click. */
const slack = 4

/** Moves by dragging, zooms by pinching or by the wheel with Ctrl: the wheel alone scrolls the page. */
export function usePanZoom(canvas: RefObject<SVGSVGElement | null>, change: Change): void {
  const pointers = useRef(new Map<number, readonly [number, number]>())
  useEffect(() => {
    const element = canvas.current!
    const place = ({ clientX, clientY }: MouseEvent): readonly [number, number] => {
      const { left, top } = element.getBoundingClientRect()
      return [clientX - left, clientY - top]
    }
    let moved = 0
    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return
      pointers.current.set(event.pointerId, place(event))
      if (pointers.current.size === 1) moved = 0
    }
    const move = (event: PointerEvent): void => {
      const before = pointers.current.get(event.pointerId)
      if (before === undefined) return
      const now = place(event)
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]]
      moved += Math.abs(dx) + Math.abs(dy)
      if (moved > slack) element.setPointerCapture(event.pointerId)
      pointers.current.set(event.pointerId, now)
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1]
      if (other === undefined) change((view) => panned(view, dx, dy))
      else {
        const distance = (point: readonly [number, number]): number =>
          Math.hypot(point[0] - other[0], point[1] - other[1])
        change((view) => zoomed(view, distance(now) / Math.max(1, distance(before)), other))
      }
    }
    const up = (event: PointerEvent): void => void pointers.current.delete(event.pointerId)
    const click = (event: MouseEvent): void => {
      // The end of a drag over a node does not open it.
      if (moved > slack) {
        event.preventDefault()
        event.stopPropagation()
      }
      moved = 0
    }
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      change((view) => zoomed(view, Math.exp(-event.deltaY / 200), place(event)))
    }
    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    element.addEventListener('pointerup', up)
    element.addEventListener('pointercancel', up)
    element.addEventListener('click', click, { capture: true })
    element.addEventListener('wheel', wheel, { passive: false })
    return () => {
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerup', up)
      element.removeEventListener('pointercancel', up)
      element.removeEventListener('click', click, { capture: true })
      element.removeEventListener('wheel', wheel)
    }
  }, [])
}
