/**
 * Says after `npm test` which suites it has left out: those that take long, need more than npm or change the workspace
 * while they run. Each is an `npm run test:...`.
 */
import { readFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const suites = Object.keys(scripts).filter((name) => name.startsWith('test:'))
console.log(suites.length === 0 ? 'left out: nothing' : `left out, to be run by themselves: ${suites.join(', ')}`)
