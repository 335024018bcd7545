/** Variables by which programs find what they need: other programs, libraries, certificates, proxies, how texts are written. */
const ordinary =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_.+|TMPDIR|TEMP|TMP|XDG_.+|LD_LIBRARY_PATH|DYLD_.+|SSL_CERT_.+|(HTTPS?|NO|ALL)_PROXY|TRACEPARENT|TRACESTATE|NODE_(ENV|OPTIONS|PATH|EXTRA_CA_CERTS)|CUDA_.+|NVIDIA_.+|OMP_.+|MKL_.+|OPENBLAS_.+|BLIS_.+|NUMEXPR_.+|VECLIB_.+|VIRTUAL_ENV|CONDA_.+|PYENV_.+|PYTHON.+)$/i

/** The environment of a program that a step is, or runs: what every program needs, and the variables of these names. */
export function programEnvironment(
  declared: readonly string[],
  given: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && (ordinary.test(name) || declared.includes(name))) environment[name] = value
  return environment
}
