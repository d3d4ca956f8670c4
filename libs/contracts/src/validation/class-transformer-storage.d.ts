/** class-transformer does not export its metadata storage; class-validator-jsonschema's documentation reads it from here. */
declare module 'class-transformer/cjs/storage' {
  export const defaultMetadataStorage: unknown;
}
