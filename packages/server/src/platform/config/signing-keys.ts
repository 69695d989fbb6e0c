import Type from 'typebox'
import { duration, filePath, nullable } from './declare.ts'

/** The key that signs this server's events and requests, those it had before, and other secrets. */
export const signingKeyOptions = {
  signing_key_path: filePath({
    // The real default hangs on two other things; buildConfig puts it in.
    default: 'server_name.signing.key',
    defaultText: '`<server_name>.signing.key`',
    sample: '/etc/magik/example.com.signing.key',
    description:
      'The signing key, a line `ed25519 <version> <seed>` as Synapse writes it. By default `<server_name>.signing.key` ' +
      'beside the (last) configuration file. `magik start` makes a missing one.',
  }),
  old_signing_keys: Type.Record(
    Type.String(),
    Type.Object({
      key: Type.String({ minLength: 1, description: 'The public key, in unpadded base64.' }),
      expired_ts: Type.Integer({ minimum: 0, description: 'When it was last used, in milliseconds since 1970.' }),
    }),
    { default: {}, description: 'Public keys this server signed with before, by key ID such as `ed25519:a_XyZ1`.' },
  ),
  key_refresh_interval: duration({
    default: '1d',
    description: 'How long other servers may take the published keys for valid.',
  }),
  macaroon_secret_key: nullable(Type.String({ minLength: 1 }), {
    secret: true,
    description:
      'Secret for short-lived tokens. Nothing in this release needs it yet; keep it, as guests of Synapse hold tokens signed with it.',
  }),
  macaroon_secret_key_path: nullable(filePath({ description: '' }), {
    secretFor: 'macaroon_secret_key',
    description: 'A file that holds `macaroon_secret_key`.',
  }),
  form_secret: nullable(Type.String({ minLength: 1 }), {
    secret: true,
    description: 'Secret for the forms of this server’s own pages. Nothing in this release needs it yet.',
  }),
  form_secret_path: nullable(filePath({ description: '' }), {
    secretFor: 'form_secret',
    description: 'A file that holds `form_secret`.',
  }),
}
