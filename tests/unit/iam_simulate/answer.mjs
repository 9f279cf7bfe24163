// Reads the generator's requests on stdin, and writes iam-simulate's answers, a letter each. See README.md.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const packages = join(process.argv[2], 'node_modules')
const find = createRequire(join(packages, 'here.js'))
const { runSimulation } = await import(pathToFileURL(find.resolve('@cloud-copilot/iam-simulate')).href)
const { version } = JSON.parse(readFileSync(join(packages, '@cloud-copilot/iam-simulate/package.json'), 'utf8'))

const LETTERS = { Allowed: 'A', ExplicitlyDenied: 'D', ImplicitlyDenied: 'I' }
const { digest, requests } = JSON.parse(readFileSync(0, 'utf8'))
let answers = ''
for (const [index, request] of requests.entries()) {
  const answer = await runSimulation(request, { simulationMode: 'Strict' })
  const ignored = answer.result?.ignoredContextKeys ?? []
  if (answer.resultType !== 'single' || ignored.length > 0) {
    throw new Error(`request ${index} is not one for iam-simulate: ${JSON.stringify({ request, errors: answer.errors, ignored })}`)
  }
  answers += LETTERS[answer.overallResult]
}
const lines = answers.match(/.{1,100}/g)
console.log(JSON.stringify({ by: `@cloud-copilot/iam-simulate ${version}`, requests: digest, answers: lines }, null, 2))
