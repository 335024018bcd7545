import { render } from 'preact'
import type { PageData } from '../page-data.ts'
import { App } from './app.tsx'
import { applyTheme, savedTheme } from './theme.ts'

applyTheme(savedTheme())
const data = JSON.parse(document.getElementById('data')!.textContent) as PageData
const root = document.getElementById('page')!
root.replaceChildren()
render(<App data={data} />, root)
