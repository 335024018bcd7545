import { useEffect, useState } from 'preact/hooks'

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

/** The colours that are shown. */
export type Scheme = 'light' | 'dark'

const isDark = matchMedia('(prefers-color-scheme: dark)')

function shownScheme(): Scheme {
  const chosen = document.documentElement.dataset.theme
  return chosen === 'light' || chosen === 'dark' ? chosen : isDark.matches ? 'dark' : 'light'
}

/** The colours that are shown now, by choice or by the system. */
export function useScheme(): Scheme {
  const [scheme, setScheme] = useState(shownScheme)
  useEffect(() => {
    const look = (): void => setScheme(shownScheme())
    const observer = new MutationObserver(look)
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    isDark.addEventListener('change', look)
    return () => {
      observer.disconnect()
      isDark.removeEventListener('change', look)
    }
  }, [])
  return scheme
}
