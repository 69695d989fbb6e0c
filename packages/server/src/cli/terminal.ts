import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UsageError } from './failure.ts'

/** Asks the person at the terminal. What is asked for is shown as it is typed. */
export async function ask(question: string): Promise<string> {
  return readLine(question, process.stderr)
}

/** Asks for a password: it is not shown. */
export async function askPassword(question: string): Promise<string> {
  process.stderr.write(question)
  const answer = await readLine('', new Writable({ write: (_chunk, _encoding, done) => done() }))
  process.stderr.write('\n')
  return answer
}

/** Whether there is a person to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true
}

/**
 * Asks for a new password twice.
 * @throws UsageError if the answers differ or are empty.
 */
export async function askNewPassword(): Promise<string> {
  const password = await askPassword('Password: ')
  if (password === '') throw new UsageError('the password is empty')
  if ((await askPassword('Confirm password: ')) !== password) throw new UsageError('the passwords differ')
  return password
}

/** The first line of standard input, for passwords that come through a pipe. */
export async function readFirstLine(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split(/\r?\n/u)[0] ?? ''
}

async function readLine(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  try {
    return await lines.question(question)
  } finally {
    lines.close()
  }
}
