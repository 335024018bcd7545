import { Application, ReflectionKind } from 'typedoc'

// What users write by hand is told by its name. Other types are met as what a call gives, beside its example.
const written = /(?:Definition|Options|Policy|Query|Selection|Settings)$/

/** The text of the examples of a symbol, of whichever overload. */
function examplesOf(reflection) {
  const comments = [reflection, ...(reflection.signatures ?? []), reflection.getSignature]
  return comments
    .flatMap((one) => one?.comment?.blockTags ?? [])
    .filter(({ tag }) => tag === '@example')
    .flatMap(({ content }) => content.map(({ text }) => text))
    .join('\n')
}

/** The methods and accessors that a symbol declares itself; those named by a symbol have no name to be called by. */
function membersOf(reflection) {
  return (reflection.children ?? []).filter(
    (member) =>
      member.kindOf([ReflectionKind.Method, ReflectionKind.Accessor]) &&
      member.inheritedFrom === undefined &&
      !member.name.startsWith('['),
  )
}

/**
 * A plugin of TypeDoc: what users call or write has an `@example`, or the docs are not built.
 *
 * - An exported function, class or variable has one.
 * - So has a type that users write by hand: its name ends with Definition, Options, Policy, Query, Selection or Settings.
 * - A method or an accessor of an exported class or interface has one, or is used (`.name`) in one of its class or
 *   interface. Exempt is what bears the tag `@port`: Pipewright calls it, and users at most implement it.
 */
export function load(app) {
  app.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    for (const symbol of project.children.flatMap((module) => module.children ?? [])) {
      if (symbol.comment?.hasModifier('@port') === true) continue
      const examples = examplesOf(symbol)
      const isCalled = symbol.kindOf([ReflectionKind.Function, ReflectionKind.Class, ReflectionKind.Variable])
      if (examples === '' && (isCalled || written.test(symbol.name)))
        app.logger.validationWarning(`${symbol.getFullName()} has no @example`)
      for (const member of membersOf(symbol)) {
        if (examplesOf(member) !== '' || new RegExp(`\\.${member.name}\\b`).test(examples)) continue
        app.logger.validationWarning(
          `${member.getFullName()} has no @example, nor is it used in one of ${symbol.name}`,
        )
      }
    }
  })
}
