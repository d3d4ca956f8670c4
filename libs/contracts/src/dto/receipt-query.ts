import 'reflect-metadata';
import { IsString, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Optional } from '../validation/decorators';

/** What providers add to the URL that they were given. */
export class ReceiptQueryDto {
  @Optional()
  @IsString()
  @MaxLength(128)
  @JSONSchema({ description: 'Twilio: the SHA-256 of a JSON body, hex; part of the signed URL.' })
  bodySHA256?: string;
}
