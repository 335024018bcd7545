// Threads and processes load TypeScript as this process does: by its arguments. What runs the tests has none.
const loader = new URL('register.mjs', import.meta.url).href
if (!process.execArgv.includes(loader)) process.execArgv.push('--import', loader)
