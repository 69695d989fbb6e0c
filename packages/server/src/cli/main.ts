#!/usr/bin/env node
import { CommanderError } from 'commander'
import { errorText, UsageError } from './failure.ts'
import { buildProgram } from './program.ts'

try {
  await buildProgram().parseAsync()
} catch (error) {
  // Commander has printed its own already: help and version leave with 0, everything else is wrong usage.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    console.error(`error: ${errorText(error)}`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
  // A half-started server must not keep the process.
  process.exit()
}
