import { PipewrightError } from '../../internal/error.ts'

/** A share from 0 to 1, as `5%` or `0.05`. */
export function readShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim())
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
  if (share >= 0 && share <= 1) return share
  throw new PipewrightError('CONFIG_INVALID', `--verify-cache ${text} is not a share`, {
    fix: 'give a percentage such as 5%, or a number from 0 to 1',
  })
}
