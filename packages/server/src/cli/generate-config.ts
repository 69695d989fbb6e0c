import { join } from 'node:path'
import { Command, Option } from 'commander'
import { createSecret, writePrivateFile } from './secret.ts'
import { starterConfig } from './starter-config.ts'

interface GenerateConfigFlags {
  readonly serverName: string
  readonly reportStats: 'yes' | 'no'
  readonly configDirectory: string
  readonly dataDirectory: string
  readonly outputFile?: string
}

/** `magik generate-config`. */
export function generateConfigCommand(): Command {
  return new Command('generate-config')
    .description('Print a configuration for a new server, with secrets of its own.')
    .requiredOption('-H, --server-name <name>', 'the name at the end of every user ID, such as example.com')
    .addOption(
      new Option('--report-stats <answer>', 'accepted for the sake of Synapse; no statistics are sent')
        .choices(['yes', 'no'])
        .default('no'),
    )
    .option('--config-directory <path>', 'where the signing key goes', '.')
    .option('--data-directory <path>', 'where the database goes', 'data')
    .option('-o, --output-file <path>', 'write it there instead, readable by its owner only; never over another file')
    .addHelpText(
      'after',
      `
Examples:
  $ magik generate-config -H example.com > homeserver.yaml
  $ magik generate-config -H example.com --config-directory /etc/magik --data-directory /var/lib/magik \\
      -o /etc/magik/homeserver.yaml`,
    )
    .action((flags: GenerateConfigFlags) => {
      const text = starterConfig({
        serverName: flags.serverName,
        reportStats: flags.reportStats === 'yes',
        dataDirectory: flags.dataDirectory,
        signingKeyPath: join(flags.configDirectory, `${flags.serverName}.signing.key`),
        createSecret,
      })
      if (flags.outputFile === undefined) process.stdout.write(text)
      else writePrivateFile(flags.outputFile, text)
    })
}
