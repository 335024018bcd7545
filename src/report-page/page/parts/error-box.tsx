import type { VNode } from 'preact'
import type { PageError } from '../../page-data.ts'

/** An error with what caused it; the stack on demand. */
export function ErrorBox({ error }: { readonly error: PageError }): VNode {
  const { name, code, message, stack, place, cause } = error
  return (
    <div class="error">
      <p class="error-name">{code ?? name}</p>
      <pre>{message}</pre>
      {place !== undefined && (
        <p class="error-place">
          at <code>{place}</code>
        </p>
      )}
      {stack !== undefined && (
        <details>
          <summary>Stack</summary>
          <pre class="stack">{stack}</pre>
        </details>
      )}
      {cause !== undefined && (
        <div class="cause">
          <p>caused by</p>
          <ErrorBox error={cause} />
        </div>
      )}
    </div>
  )
}
