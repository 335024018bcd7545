export function scale(value) {
  return value * 2
}
