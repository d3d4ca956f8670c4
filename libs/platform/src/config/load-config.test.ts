import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsBoolean, IsInt, IsOptional, IsString, Max, Min, MinLength } from 'class-validator';
import { HttpConfig } from './common-config';
import { describeConfig, renderConfigMarkdown } from './describe-config';
import { Env, Nested } from './env';
import { ConfigError, configWarnings, loadConfig } from './load-config';

class LimitsConfig {
  @Env('LIMIT', { description: 'Most at once.', default: 10 })
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number;

  @Env('TAGS', { description: 'Names.', default: ['a'] })
  tags: string[];

  check() {
    return this.limit > 50 ? { warnings: ['LIMIT: above 50 is a lot'] } : {};
  }
}

class BaseConfig {
  @Env('NAME', { description: 'A name.', example: 'ada' })
  @IsString()
  name: string;

  @Env('DEBUG', { description: 'Talk more.', default: false })
  @IsBoolean()
  debug: boolean;
}

class TestConfig extends BaseConfig {
  @Nested(() => LimitsConfig) limits: LimitsConfig;

  @Env('ADMIN_KEY', { description: 'The key.', secret: true })
  @MinLength(8)
  adminKey: string;

  @Env('NOTE', { description: 'Anything.' })
  @IsOptional()
  @IsString()
  note?: string;

  check() {
    return this.debug && this.name === 'production'
      ? { errors: ['DEBUG: may not be on in production'], warnings: ['never shown'] }
      : {};
  }
}

const GOOD = { NAME: 'x', ADMIN_KEY: 'long enough' };

function errorsOf(env: Record<string, string>, cls: new () => object = TestConfig): readonly string[] {
  try {
    loadConfig(cls, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('reads bases, nested classes, defaults and lists', () => {
    const config = loadConfig(TestConfig, { ...GOOD, DEBUG: 'yes', TAGS: 'a, b,,c' });
    expect(config).toBeInstanceOf(TestConfig);
    expect(config.limits).toBeInstanceOf(LimitsConfig);
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      name: 'x',
      debug: true,
      adminKey: 'long enough',
      limits: { limit: 10, tags: ['a', 'b', 'c'] },
    });
  });

  it('reports every error at once: what it got and what it wants', () => {
    expect(errorsOf({ LIMIT: '80x', DEBUG: 'maybe', ADMIN_KEY: 'short' })).toEqual([
      'LIMIT: got "80x", wants an integer from 1 to 100',
      'NAME: is not set, wants a text, such as ada',
      'DEBUG: got "maybe", wants true or false',
      'ADMIN_KEY: got a hidden value of 5 characters, wants a text of at least 8 characters',
    ]);
    expect(errorsOf({ ...GOOD, LIMIT: '101' })).toEqual(['LIMIT: got "101", wants an integer from 1 to 100']);
    expect(errorsOf({ ...GOOD, LIMIT: '1.5' })).toEqual(['LIMIT: got "1.5", wants an integer from 1 to 100']);
  });

  it('lists them in the message and never shows a secret', () => {
    expect(() => loadConfig(TestConfig, { ADMIN_KEY: 'hush' })).toThrow(
      'The configuration has 2 error(s):\n  - NAME: is not set, wants a text, such as ada\n  - ADMIN_KEY: got a hidden',
    );
    expect(errorsOf({ ADMIN_KEY: 'hush' }).join()).not.toContain('hush');
  });

  it('takes an empty variable for a missing one', () => {
    expect(loadConfig(TestConfig, { ...GOOD, LIMIT: '', NOTE: '' })).toMatchObject({ limits: { limit: 10 } });
    expect(errorsOf({ ...GOOD, NAME: '' })).toEqual(['NAME: is not set, wants a text, such as ada']);
  });

  it('runs cross-field checks once the fields are good, and keeps warnings apart', () => {
    expect(errorsOf({ ...GOOD, NAME: 'production', DEBUG: '1' })).toEqual([
      'DEBUG: may not be on in production',
    ]);
    expect(errorsOf({ NAME: 'production', DEBUG: '1' })).toHaveLength(1);
    expect(configWarnings(loadConfig(TestConfig, { ...GOOD, LIMIT: '51' }))).toEqual([
      'LIMIT: above 50 is a lot',
    ]);
    expect(configWarnings(loadConfig(TestConfig, GOOD))).toEqual([]);
  });

  it('lets a subclass change a default', () => {
    class Ported extends HttpConfig {
      @Env('PORT', { description: 'Port.', default: 3100 })
      override port: number;
    }
    expect(loadConfig(Ported, {}).port).toBe(3100);
    expect(loadConfig(HttpConfig, {}).port).toBe(3000);
    expect(errorsOf({ PORT: '80x' }, Ported)).toEqual(['PORT: got "80x", wants an integer from 0 to 65535']);
    expect(describeConfig(Ported).filter((row) => row.name === 'PORT')).toHaveLength(1);
  });
});

describe('secrets from files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reads <NAME>_FILE, without the final line break', () => {
    const path = join(folder, 'key');
    writeFileSync(path, 'from a file\n');
    expect(loadConfig(TestConfig, { NAME: 'x', ADMIN_KEY_FILE: path }).adminKey).toBe('from a file');
    expect(errorsOf({ ...GOOD, ADMIN_KEY_FILE: path })).toEqual([
      'ADMIN_KEY: is set together with ADMIN_KEY_FILE, wants one of the two',
    ]);
  });

  it('reports a file that cannot be read, and offers files for secrets only', () => {
    const path = join(folder, 'missing');
    expect(errorsOf({ NAME: 'x', ADMIN_KEY_FILE: path })).toEqual([
      `ADMIN_KEY_FILE: got "${path}" (ENOENT), wants a file that can be read`,
    ]);
    expect(errorsOf({ ADMIN_KEY: 'long enough', NAME_FILE: path })).toHaveLength(1);
  });
});

describe('describeConfig and renderConfigMarkdown', () => {
  it('describes each variable once', () => {
    expect(describeConfig(TestConfig)).toEqual([
      expect.objectContaining({
        name: 'LIMIT',
        default: '10',
        wants: 'an integer from 1 to 100',
        required: false,
      }),
      expect.objectContaining({ name: 'TAGS', default: 'a', wants: 'a comma separated list' }),
      expect.objectContaining({ name: 'NAME', required: true, example: 'ada', secret: false }),
      expect.objectContaining({ name: 'DEBUG', default: 'false', wants: 'true or false' }),
      expect.objectContaining({ name: 'ADMIN_KEY', required: true, secret: true }),
      expect.objectContaining({ name: 'NOTE', required: false, default: undefined }),
    ]);
  });

  it('renders a table per section', () => {
    const markdown = renderConfigMarkdown([
      { title: 'Test', intro: 'For tests.', cls: TestConfig },
      { title: 'Limits', cls: LimitsConfig },
    ]);
    expect(markdown).toContain('## Test\n\nFor tests.\n\n| variable | default | wants | what it is |');
    expect(markdown).toContain('| `LIMIT` | `10` | an integer from 1 to 100 | Most at once. |');
    expect(markdown).toContain('| `NAME` | **required** | a text | A name. E.g. `ada`. |');
    expect(markdown).toContain('| `ADMIN_KEY` (secret; or `ADMIN_KEY_FILE`) |');
    expect(markdown.endsWith('\n')).toBe(true);
  });
});
