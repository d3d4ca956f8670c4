/// <reference types="jest" />
import { type Channel } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import { plainToInstance } from 'class-transformer';
import { type ProviderContract } from './contract';
import { describeFailures } from './describe-failures';
import { describeReceipts } from './describe-receipts';
import { describeSending } from './describe-sending';

/** The suite that every provider passes. Call it in a `*.contract.test.ts` beside the provider. */
export function describeProviderContract<
  C extends Channel,
  Config extends object,
  Reply,
  Body = Record<string, string>,
>(contract: ProviderContract<C, Config, Reply, Body>): void {
  const { definition } = contract;
  describe(`provider contract: ${definition.channel}/${definition.type}`, () => {
    it('has a type that can be a metric label', () => {
      expect(definition.type).toMatch(/^[a-z][a-z0-9-]{1,30}$/);
    });
    if (contract.configs) describeConfigs(definition, contract.configs);
    if (contract.remote) {
      describeSending(definition, contract.remote);
      describeFailures(definition, contract.remote);
    }
    if (contract.receipts) describeReceipts(definition, contract.receipts);
  });
}

function describeConfigs<C extends Channel, Config extends object, Reply>(
  definition: ProviderDefinition<C, Config>,
  { good, bad, validate }: NonNullable<ProviderContract<C, Config, Reply>['configs']>,
): void {
  it.each(Object.entries(good))('takes a good configuration: %s', (_name, config) => {
    expect(validate(config)).toEqual([]);
  });

  it.each(bad)('refuses a bad configuration and names the field: $name', ({ config, pointer }) => {
    const errors = validate(config);
    expect(errors.map((error) => error.pointer)).toContain(pointer);
    for (const { detail } of errors) expect(detail).toMatch(/\w/);
  });

  it('refuses what is not an object, and fields that it does not know', () => {
    for (const input of [undefined, null, 'text', 7, []]) expect(validate(input)).not.toEqual([]);
    const [first] = Object.values(good);
    expect(validate({ ...first, surprise: 1 })).toContainEqual({
      pointer: '/surprise',
      detail: 'is not a known field',
    });
  });

  it('names as secret only what a configuration can have', () => {
    const all = Object.assign({}, ...Object.values(good)) as Config;
    const known = Object.keys(plainToInstance(definition.config, all));
    for (const secret of definition.secrets) expect(known).toContain(secret);
  });
}
