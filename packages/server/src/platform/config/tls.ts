import { filePath, nullable } from './declare.ts'

/** The certificate of the listeners that have `tls: true`. Both files are read again on SIGHUP. */
export const tlsOptions = {
  tls_certificate_path: nullable(filePath({ description: '' }), {
    sample: '/etc/magik/example.com.fullchain.pem',
    description:
      'PEM file with the certificate, followed by those of the authorities in between. Read again on SIGHUP.',
  }),
  tls_private_key_path: nullable(filePath({ description: '' }), {
    sample: '/etc/magik/example.com.key.pem',
    description: 'PEM file with the key of the certificate. Read again on SIGHUP.',
  }),
}
