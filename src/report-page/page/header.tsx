import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { durationText } from '../../ui/text.ts'
import type { PageData } from '../page-data.ts'
import { StateMark } from './parts/state-mark.tsx'
import { Time } from './parts/time.tsx'
import { chooseTheme, savedTheme, themes, type Theme } from './theme.ts'

function ThemeSwitch(): VNode {
  const [theme, setTheme] = useState<Theme>(savedTheme)
  return (
    <label class="theme">
      <span>Theme</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = themes.find((one) => one === event.currentTarget.value) ?? 'auto'
          setTheme(chosen)
          chooseTheme(chosen)
        }}
      >
        {themes.map((one) => (
          <option key={one} value={one}>
            {one === 'auto' ? 'as the system' : one}
          </option>
        ))}
      </select>
    </label>
  )
}

/** What run this is, how it ended, and when. */
export function Header({ run }: { readonly run: PageData['run'] }): VNode {
  return (
    <header class="top">
      <div>
        <p class="kicker">Run of</p>
        <h1>{run.pipeline}</h1>
        <ul class="facts">
          <li>
            <StateMark state={run.state} />
          </li>
          <li>
            {run.duration !== undefined
              ? `took ${durationText(run.duration)}`
              : run.soFar === undefined
                ? 'not over'
                : `for ${durationText(run.soFar)} when this was made`}
          </li>
          <li>
            started <Time iso={run.startedAt} />
          </li>
          <li>
            <code class="id">{run.id}</code>
          </li>
          {run.rerunOf !== undefined && (
            <li>
              repeats a part of <code class="id">{run.rerunOf}</code>
            </li>
          )}
          {run.tags.map((tag) => (
            <li key={tag} class="tag">
              {tag}
            </li>
          ))}
        </ul>
      </div>
      <ThemeSwitch />
    </header>
  )
}
