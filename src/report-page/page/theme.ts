/** What the switch offers: as the system is, light, or dark. */
export const themes = ['auto', 'light', 'dark'] as const

/** One of {@link themes}. */
export type Theme = (typeof themes)[number]

const key = 'pipewright-report-theme'

/** What was chosen last in this browser. */
export function savedTheme(): Theme {
  try {
    const saved = localStorage.getItem(key)
    return themes.find((theme) => theme === saved) ?? 'auto'
  } catch {
    // A browser may refuse storage to files.
    return 'auto'
  }
}

/** Shows the page in a theme. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

/** The same, and remembers it. */
export function chooseTheme(theme: Theme): void {
  applyTheme(theme)
  try {
    localStorage.setItem(key, theme)
  } catch {
    // Then it holds until the page is closed.
  }
}
