import { createHmac, timingSafeEqual } from 'node:crypto'
import { PipewrightError } from '../internal/error.ts'
import { milliseconds, type Duration } from '../internal/duration.ts'
import type { Json } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Workspace } from './workspace.ts'

/** A shorter secret could be guessed. */
const shortest = 16
/** Longer forms are refused. */
const longestForm = 100_000

/**
 * For whom a link is, and for what.
 *
 * @example
 * ```ts
 * const secret = process.env['APPROVAL_SECRET']!
 * approvalLink({ run: run.id, node: 'go-live', by: 'ada', roles: ['ml-lead'] }, { base: 'https://ml.example.com/decide', secret })
 * ```
 */
export interface ApprovalLinkOptions {
  readonly run: string
  readonly node: string
  /** Who decides with it: whoever has the link is taken for them. */
  readonly by: string
  readonly roles?: readonly string[]
  /** How long it can be used. Default `'7d'`. */
  readonly expiresIn?: Duration
}

/**
 * Where links lead, and what they are signed with.
 *
 * @example
 * ```ts
 * const settings = { base: 'https://ml.example.com/decide', secret: process.env['APPROVAL_SECRET']! }
 * approvalLink({ run: run.id, node: 'go-live', by: 'ada' }, settings)
 * ```
 */
export interface ApprovalLinkSettings {
  /** The address of the handler. */
  readonly base: string
  /** At least 16 characters, known to the handler alone. */
  readonly secret: string
}

interface Claim {
  readonly run: string
  readonly node: string
  readonly by: string
  readonly roles: readonly string[]
  /** Milliseconds since the epoch. */
  readonly until: number
}

function signature(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(text).digest()
}

function checkSecret(secret: string): void {
  if (typeof secret === 'string' && secret.length >= shortest) return
  throw new PipewrightError(
    'CONFIG_INVALID',
    `the secret of approval links has less than ${shortest} characters`,
    {
      fix: 'make one of random bytes: openssl rand -base64 32',
    },
  )
}

/**
 * A link with which one person can decide one approval: opened, it shows what is asked and two buttons; nothing is decided
 * by opening it alone. Throws `CONFIG_INVALID` for a secret that could be guessed.
 *
 * @example
 * ```ts
 * const secret = process.env['APPROVAL_SECRET']!
 * const [wait] = await pw.waits(run.id)
 * const link = approvalLink({ run: run.id, node: wait!.node, by: 'ada' }, { base: 'https://ml.example.com/decide', secret })
 * ```
 */
export function approvalLink(
  { run, node, by, roles = [], expiresIn = '7d' }: ApprovalLinkOptions,
  { base, secret }: ApprovalLinkSettings,
): string {
  checkSecret(secret)
  const claim: Claim = { run, node, by, roles, until: Date.now() + milliseconds(expiresIn, 'expiresIn') }
  const text = Buffer.from(JSON.stringify(claim)).toString('base64url')
  const url = new URL(base)
  url.searchParams.set('token', `${text}.${signature(text, secret).toString('base64url')}`)
  return url.href
}

/** The claim of a token; undefined where it was not signed with the secret, or its time is over. */
function claimOf(token: string, secret: string): Claim | undefined {
  const [text = '', signed = ''] = token.split('.')
  const [expected, given] = [signature(text, secret), Buffer.from(signed, 'base64url')]
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const claim = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Claim
  return claim.until > Date.now() ? claim : undefined
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function page(status: number, title: string, body: string): Response {
  const style =
    'body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
    'textarea,input{width:100%;font:inherit;box-sizing:border-box}button{font:inherit;padding:.5rem 1.5rem;margin:1rem 1rem 0 0}' +
    'dt{font-weight:600}pre{overflow:auto}'
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style><h1>${escaped(title)}</h1>${body}</html>`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
  })
}

async function question(pw: Workspace, claim: Claim): Promise<Response> {
  const wait = (await pw.waits(claim.run)).find(({ node }) => node === claim.node)
  if (wait === undefined)
    return page(409, 'Nothing to decide', '<p>This was decided before, or is not asked any more.</p>')
  const shown: string[] = []
  for (const [name, value] of Object.entries(wait.show ?? {})) {
    const text = 'artifact' in value ? await shortText(pw, value.artifact) : JSON.stringify(value)
    shown.push(`<dt>${escaped(name)}</dt><dd><pre>${escaped(text)}</pre></dd>`)
  }
  const form = [
    '<form method="post">',
    '<label>Reason <input name="reason"></label>',
    '<label>What the decision carries, as JSON, if it carries anything <textarea name="payload" rows="3"></textarea></label>',
    '<button name="decision" value="approve">Approve</button><button name="decision" value="reject">Reject</button>',
    '</form>',
  ].join('')
  const about = `<p>Run ${escaped(claim.run)}, ${escaped(claim.node)}; you decide as ${escaped(claim.by)}.</p>`
  return page(200, wait.message ?? `Approve ${claim.node}?`, `${about}<dl>${shown.join('')}</dl>${form}`)
}

async function shortText(pw: Workspace, artifact: Artifact): Promise<string> {
  if ((artifact.kind !== 'json' && artifact.kind !== 'metrics') || artifact.size > longestForm)
    return `${artifact.kind} ${artifact.digest}`
  return Buffer.from(await pw.bytes(artifact)).toString('utf8')
}

async function decided(pw: Workspace, claim: Claim, form: URLSearchParams): Promise<Response> {
  const { run, node, by, roles } = claim
  const reason = form.get('reason')?.trim() ?? ''
  const text = form.get('payload')?.trim() ?? ''
  const options = { node, by, roles, ...(reason === '' ? {} : { reason }) }
  const approved = form.get('decision') === 'approve'
  if (!approved && form.get('decision') !== 'reject')
    return page(400, 'Not decided', '<p>Choose one of the two buttons.</p>')
  try {
    if (approved)
      await pw.approve(run, text === '' ? options : { ...options, payload: JSON.parse(text) as Json })
    else await pw.reject(run, options)
  } catch (error) {
    if (error instanceof SyntaxError)
      return page(400, 'Not decided', `<p>What it carries is not JSON: ${escaped(error.message)}</p>`)
    if (!PipewrightError.isInstance(error)) throw error
    return page(409, 'Not decided', `<p>${escaped(error.message)}</p>`)
  }
  return page(200, approved ? 'Approved' : 'Rejected', `<p>Thank you, ${escaped(by)}. The run goes on.</p>`)
}

/**
 * Answers the links of {@link approvalLink}: shows what is asked, and takes the decision. A handler of web requests, for
 * whatever serves them: Fastify, Hono, `node:http`. Throws `CONFIG_INVALID` for a secret that could be guessed.
 *
 * @example
 * ```ts
 * const decide = approvalHandler(pw, { secret: process.env['APPROVAL_SECRET']! })
 * const response = await decide(new Request('https://ml.example.com/decide?token=…'))
 * ```
 */
export function approvalHandler(
  pw: Workspace,
  { secret }: Pick<ApprovalLinkSettings, 'secret'>,
): (request: Request) => Promise<Response> {
  checkSecret(secret)
  return async (request) => {
    const claim = claimOf(new URL(request.url).searchParams.get('token') ?? '', secret)
    if (claim === undefined)
      return page(
        403,
        'This link does not hold',
        '<p>It is wrong, or its time is over. Ask for another one.</p>',
      )
    if (request.method === 'GET' || request.method === 'HEAD') return question(pw, claim)
    if (request.method !== 'POST') return page(405, 'Not decided', '<p>Open the link in a browser.</p>')
    const body = await request.text()
    if (body.length > longestForm) return page(413, 'Not decided', '<p>That is too much text.</p>')
    return decided(pw, claim, new URLSearchParams(body))
  }
}
