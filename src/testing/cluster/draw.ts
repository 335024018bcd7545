import { seededRandom } from '../../execute/random.ts'

/** Draws a whole number from 0 to below a bound. Whoever asks makes 0 its simplest case. */
export type Draw = (bound: number) => number

/** Draws that follow from a text alone. */
export function seededDraw(seed: string): Draw {
  const random = seededRandom(seed)
  return (bound) => Math.floor(random() * bound)
}

/** Draws that were made before; where there are no more, the simplest: a shorter list makes a simpler case. */
export function drawFrom(choices: readonly number[]): Draw {
  let at = 0
  return (bound) => {
    const choice = choices[at++] ?? 0
    return choice % bound
  }
}

/** Takes down what is drawn. */
export function recorded(draw: Draw, choices: number[]): Draw {
  return (bound) => {
    const choice = draw(bound)
    choices.push(choice)
    return choice
  }
}

/** One of several; the first is the simplest. */
export function oneOf<const T>(draw: Draw, options: readonly [T, ...T[]]): T {
  return options[draw(options.length)]!
}
