import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import fc from 'fast-check';
import { validateDto } from './validate-dto';

class PersonDto {
  @IsString()
  @MinLength(2)
  @MaxLength(5)
  name: string;

  @IsOptional() @IsIn(['a', 'b'], { message: 'must be one of a, b' }) kind?: string;
}

class BodyDto {
  @IsArray()
  @ArrayMaxSize(3)
  @ValidateNested({ each: true })
  @Type(() => PersonDto)
  to: PersonDto[];

  @IsOptional()
  @ValidateNested()
  @Type(() => PersonDto)
  owner?: PersonDto;

  @IsOptional() @IsObject() data?: Record<string, unknown>;
  @IsOptional() @IsString({ each: true }) 'a/b~c'?: string[];
}

const errorsOf = (value: unknown) => {
  const result = validateDto(BodyDto, value);
  return result.ok ? [] : result.errors.map((error) => `${error.pointer} ${error.detail}`);
};

describe('validateDto', () => {
  it('gives an instance with instances in it', () => {
    const result = validateDto(BodyDto, { to: [{ name: 'Ada' }], data: { any: ['thing', { deep: 1 }] } });
    expect(result).toEqual({ ok: true, value: expect.any(BodyDto) });
    if (!result.ok) throw new Error('not reached');
    expect(result.value.to[0]).toBeInstanceOf(PersonDto);
    expect(result.value.data).toEqual({ any: ['thing', { deep: 1 }] });
  });

  it('tells everything that is wrong at once, by pointer', () => {
    expect(
      errorsOf({
        to: [{ name: 'Ada' }, { name: 7, kind: 'c' }, { extra: 1 }],
        owner: { name: 'much too long' },
        more: 1,
      }),
    ).toEqual([
      '/more is not a known field',
      '/to/1/name must be a string',
      '/to/1/kind must be one of a, b',
      '/to/2/extra is not a known field',
      '/to/2/name is required',
      '/owner/name must be shorter than or equal to 5 characters',
    ]);
  });

  it('escapes pointers and speaks of items', () => {
    expect(errorsOf({ to: [], 'a/b~c': ['x', 1] })).toEqual(['/a~1b~0c each item must be a string']);
  });

  it.each([[[]], ['text'], [null], [7], [undefined]])('wants an object, not %j', (value) => {
    expect(errorsOf(value)).toEqual([' must be an object']);
  });

  it('wants one object where one is meant, and no lists within lists', () => {
    expect(errorsOf({ to: [], owner: [] })).toEqual(['/owner must be an object']);
    expect(errorsOf({ to: [], owner: [{ name: 'Ada' }] })).toEqual(['/owner must be an object']);
    expect(errorsOf({ to: [], owner: [{ name: 7 }] })).toEqual(['/owner must be an object']);
    expect(errorsOf({ to: [[{ name: 'Ada' }]] })).toEqual(['/to/0 must be an object']);
    expect(errorsOf({ to: [null, 'x'] })).toEqual(['/to/0 must be an object', '/to/1 must be an object']);
    expect(errorsOf({ to: { name: 'Ada' } })).toEqual(['/to must be an array']);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('refuses %s at any depth', (name) => {
    const hostile = (json: string) => JSON.parse(json.replace('NAME', name));
    expect(errorsOf(hostile('{"to":[],"NAME":{"polluted":1}}'))).toEqual([`/${name} is not a known field`]);
    expect(errorsOf(hostile('{"to":[{"name":"Ada","NAME":{"polluted":1}}]}'))).toEqual([
      `/to/0/${name} is not a known field`,
    ]);
    expect(errorsOf(hostile('{"to":[],"data":{"x":[{"NAME":1}]}}'))).toEqual([
      `/data/x/0/${name} is not a known field`,
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('refuses nesting that would exhaust the stack', () => {
    const deep = JSON.parse(`{"to":[],"data":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`);
    expect(errorsOf(deep)).toEqual([expect.stringContaining('must not be nested deeper than 64 levels')]);
  });

  it('never throws and never pollutes, whatever JSON it is given', () => {
    const keys = fc.constantFrom(
      'to',
      'name',
      'owner',
      'data',
      '__proto__',
      'constructor',
      'then',
      'length',
      'x',
    );
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, -1, '', 'Ada'),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.array(fc.tuple(keys, tie('json')), { maxLength: 4 }).map(asJsonObject),
      ),
    }));
    fc.assert(
      fc.property(json, (value) => {
        const result = validateDto(BodyDto, value);
        expect(typeof result.ok).toBe('boolean');
        expect(Object.keys(Object.prototype)).toEqual([]);
        if (result.ok) expect(JSON.parse(JSON.stringify(result.value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });
});

/** An object as JSON.parse makes it: `__proto__` is an own property. */
function asJsonObject(entries: [string, unknown][]): object {
  return JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`);
}
