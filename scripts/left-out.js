/** Says after `npm test` which suites it has left out: those that need more than npm, each an `npm run test:...`. */
import { readFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const suites = Object.keys(scripts).filter((name) => name.startsWith('test:'))
console.log(suites.length === 0 ? 'left out: nothing' : `left out, as they need more than npm: ${suites.join(', ')}`)
