import 'reflect-metadata';
import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Optional } from '../../validation/decorators';

/** A list of another DTO, for the schema: class-validator's metadata does not say what a list holds. */
export function listOf(name: string): ReturnType<typeof JSONSchema> {
  return JSONSchema({ type: 'array', items: { $ref: `#/components/schemas/${name}` } });
}

/** What every page has beside its items. */
export class PageDto {
  @Optional()
  @IsString()
  @JSONSchema({ description: 'Give it as `cursor` for the next page; missing on the last one.' })
  nextCursor?: string;
}
