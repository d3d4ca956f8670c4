import { type DtoClass, type FieldError } from '@herald/contracts';
import { validateDto } from '@herald/platform';

/** What of a provider's definition describes its configuration. */
interface Configurable<Config extends object> {
  config: DtoClass<Config>;
  check?(config: Config): FieldError[];
}

export type ConfigValidation<Config> = { ok: true; config: Config } | { ok: false; errors: FieldError[] };

/**
 * Checks what a tenant gives as a provider's configuration: every field by the decorators of its class, unknown fields
 * refused, then what spans fields. Pointers are relative to the configuration.
 */
export function validateProviderConfig<Config extends object>(
  definition: Configurable<Config>,
  input: unknown,
): ConfigValidation<Config> {
  const result = validateDto(definition.config, input);
  if (!result.ok) return result;
  const errors = definition.check?.(result.value) ?? [];
  return errors.length > 0 ? { ok: false, errors } : { ok: true, config: result.value };
}
