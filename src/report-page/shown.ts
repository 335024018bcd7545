// oxlint-disable-next-line no-control-regex -- control characters are what is being replaced
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g
// oxlint-disable-next-line no-control-regex -- the same
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/**
 * A user's text as a page shows it: without the colours of terminals; other control characters, and those that turn the
 * direction of text around, can be seen. `most` cuts it.
 */
export function shown(text: string, most = Infinity): string {
  const cut = text.length <= most ? text : `${text.slice(0, most - 1)}…`
  return cut
    .replaceAll('\r\n', '\n')
    .replaceAll(sequences, '')
    .replaceAll(controls, (character) => {
      const code = character.charCodeAt(0)
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd'
    })
}
