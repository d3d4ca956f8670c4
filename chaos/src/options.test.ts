import { readOptions, UsageError } from './options';

describe('readOptions', () => {
  it('runs every scenario at full length unless told otherwise', () => {
    const { scenarios, count, pace } = readOptions([]);
    expect([scenarios.length > 20, count, pace]).toEqual([true, 20_000, 1]);
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  });

  it('has a short form, of which each part can be chosen otherwise', () => {
    expect(readOptions(['--short'])).toMatchObject({ count: 1200, perSecond: 150, pace: 0.2 });
    const { scenarios, count } = readOptions(['--short', '--scenario', 'kill,zombie', '--count', '7']);
    expect([scenarios.map(({ name }) => name), count]).toEqual([['kill', 'zombie'], 7]);
  });

  it.each([
    ['--scenario', 'x'],
    ['--count', '0'],
    ['--rate', 'fast'],
    ['--pace', '2'],
    ['--else', '1'],
  ])('refuses %s %s', (name, value) => expect(() => readOptions([name, value])).toThrow(UsageError));
});
