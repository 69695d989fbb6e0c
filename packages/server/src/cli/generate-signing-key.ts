import { formatSigningKeyFile, generateSigningKey } from '@magik/protocol'
import { Command } from 'commander'
import { writePrivateFile } from './secret.ts'

/** `magik generate-signing-key`. */
export function generateSigningKeyCommand(): Command {
  return new Command('generate-signing-key')
    .description('Print a fresh signing key, in the form of signing_key_path.')
    .option('-o, --output-file <path>', 'write it there instead, readable by its owner only; never over another file')
    .addHelpText(
      'after',
      `
Example:
  $ magik generate-signing-key -o /etc/magik/example.com.signing.key`,
    )
    .action(({ outputFile }: { readonly outputFile?: string }) => {
      const text = formatSigningKeyFile(generateSigningKey())
      if (outputFile === undefined) process.stdout.write(text)
      else writePrivateFile(outputFile, text)
    })
}
