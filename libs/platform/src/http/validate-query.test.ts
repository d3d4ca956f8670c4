import { Type } from 'class-transformer';
import { IsInt, IsObject, IsOptional, IsString, Min } from 'class-validator';
import { validateQuery } from './validate-query';

class QueryDto {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  limit?: number;

  @IsOptional() @IsString() cursor?: string;
  @IsOptional() @IsObject() metadata?: Record<string, string>;
}

describe('validateQuery', () => {
  it('converts where the DTO says so', () => {
    expect(validateQuery(QueryDto, { limit: '20', cursor: '7' })).toEqual({
      ok: true,
      value: { limit: 20, cursor: '7' },
    });
  });

  it('makes objects of names with a dot', () => {
    expect(validateQuery(QueryDto, { 'metadata.orderId': '42', 'metadata.a.b': 'x' })).toMatchObject({
      value: { metadata: { orderId: '42', 'a.b': 'x' } },
    });
  });

  it.each([
    [{ limit: 'ten' }, '/query/limit', /must be an integer/],
    [{ limit: '0' }, '/query/limit', /must not be less than 1/],
    [{ limit: ['1', '2'] }, '/query/limit', /given more than once/],
    [{ other: '1' }, '/query/other', /not a known field/],
    [{ 'other.x': '1' }, '/query/other', /not a known field/],
    [{ '__proto__.x': '1' }, '/query/__proto__', /not a known field/],
    [{ 'metadata.__proto__': '1' }, '/query/metadata/__proto__', /not a known field/],
  ])('refuses %j', (query, pointer, detail) => {
    expect(validateQuery(QueryDto, query)).toEqual({
      ok: false,
      errors: [{ pointer, detail: expect.stringMatching(detail) }],
    });
  });

  it('knows no parameters without a DTO', () => {
    expect(validateQuery(undefined, {})).toEqual({ ok: true, value: {} });
    expect(validateQuery(undefined, { x: '1' })).toMatchObject({ errors: [{ pointer: '/query/x' }] });
  });
});
