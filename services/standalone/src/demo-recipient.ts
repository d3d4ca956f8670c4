/** Who is signed in to the app that the sandbox plays. */
export const DEMO_RECIPIENT = 'user_42';
