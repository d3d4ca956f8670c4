import { defaultMetadataStorage } from 'class-transformer/cjs/storage';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { LIMITS } from '../limits';
import { type StringMapRule } from './decorators';
import { FORMATS } from './formats';

/** A JSON Schema (2020-12, as OpenAPI 3.1 uses it). */
export type JsonSchema = Record<string, unknown>;

interface Meta {
  // biome-ignore lint/suspicious/noExplicitAny: class-validator declares constraints so
  constraints?: any[];
}

const formatConverters = Object.fromEntries(
  Object.keys(FORMATS).map((name) => [`format:${name}`, () => ({ type: 'string', format: name })]),
);

/** Our own decorators as JSON Schema. */
const additionalConverters = {
  ...formatConverters,
  stringMap: (meta: Meta) => {
    const rule = meta.constraints?.[0] as StringMapRule;
    return {
      type: 'object',
      maxProperties: rule.maxKeys,
      propertyNames: { type: 'string', format: rule.keyFormat, maxLength: rule.maxKeyChars },
      additionalProperties: { type: 'string', format: 'single-line', maxLength: rule.maxValueChars },
    };
  },
  jsonObject: () => ({
    type: 'object',
    additionalProperties: true,
    'x-max-depth': LIMITS.jsonDepth,
    'x-inherited-names': false,
  }),
};

/**
 * JSON Schemas of every DTO class that has been loaded, by class name. Objects refuse unknown properties unless the
 * DTO says otherwise, as the validators do.
 */
export function dtoSchemas(): Record<string, JsonSchema> {
  const schemas = validationMetadatasToSchemas({
    additionalConverters: additionalConverters as never,
    classTransformerMetadataStorage: defaultMetadataStorage as never,
    refPointerPrefix: '#/components/schemas/',
  }) as Record<string, JsonSchema>;
  for (const schema of Object.values(schemas)) {
    if (schema.type === 'object' && !('additionalProperties' in schema)) schema.additionalProperties = false;
  }
  return schemas;
}
