/** In a browser code has no file that another process could load. */
export function callSite(): undefined {
  return undefined
}
