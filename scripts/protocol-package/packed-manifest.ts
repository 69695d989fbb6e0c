/** As much of a package.json as packing looks at; other fields are passed on. */
export interface Manifest {
  readonly name: string
  readonly [field: string]: unknown
}

/** The package.json that is published: it names the emitted files, and no scripts of this repository. */
export function packedManifest({ scripts: _ours, ...manifest }: Manifest): Manifest {
  return {
    ...manifest,
    types: './dist/index.d.ts',
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
  }
}
