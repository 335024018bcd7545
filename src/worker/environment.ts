/** Variables that programs need in order to run at all; what else a step reads it declares in `env`. */
const passed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|LC_.+|TMPDIR|TEMP|TMP|XDG_.+|LD_LIBRARY_PATH|DYLD_.+|SSL_CERT_.+|(HTTPS?|NO|ALL)_PROXY|CUDA_.+|NVIDIA_.+|OMP_.+|MKL_.+|OPENBLAS_.+|BLIS_.+|NUMEXPR_.+|VECLIB_.+|VIRTUAL_ENV|CONDA_.+|PYENV_.+|PYTHON.+)$/i

/** The environment of a worker: what every program needs, and what the step declares. */
export function workerEnvironment(
  declared: readonly string[],
  given: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && (declared.includes(name) || passed.test(name))) environment[name] = value
  return environment
}
