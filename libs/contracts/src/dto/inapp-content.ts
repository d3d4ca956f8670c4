import 'reflect-metadata';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '../limits';
import { Format, JsonObject, MaxChars, MinChars, Optional } from '../validation/decorators';

@JSONSchema({ description: "An item in the recipient's feed." })
export class InAppContentDto {
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.inappTitleChars)
  title: string;

  @Optional()
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.inappBodyChars)
  body?: string;

  @Optional()
  @Format('category-name')
  @JSONSchema({ description: 'Feeds can be filtered by it.', examples: ['orders'] })
  category?: string;

  @Optional()
  @Format('link')
  @JSONSchema({
    description: 'What a click opens: an http or https URL, or a path of your app.',
    examples: ['/orders/42'],
  })
  url?: string;

  @Optional()
  @Format('http-url')
  imageUrl?: string;

  @Optional()
  @JsonObject()
  @JSONSchema({ description: `For the app; at most ${LIMITS.inappDataBytes} bytes as JSON.` })
  data?: Record<string, unknown>;

  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'The item leaves the feed then, or does not come to it any more.' })
  expiresAt?: string;
}
