/** The words of the pages, in one language. */
export interface PageTexts {
  readonly language: string;
  readonly signIn: string;
  /** Before the name of the app client. */
  readonly to: string;
  readonly username: string;
  readonly password: string;
  readonly email: string;
  readonly signUp: string;
  readonly forgotPassword: string;
  readonly backToSignIn: string;
  readonly goOn: string;
  /** Before the name of the user who is signed in. */
  readonly continueAs: string;
  readonly passwordRule: string;
  readonly addPasskey: string;
  readonly noPasskeys: string;
  readonly noNewPasswords: string;
  readonly problems: Readonly<Record<PageProblem, string>>;
}

/** What may be wrong with a form. */
export type PageProblem =
  | 'incorrect'
  | 'expired'
  | 'badUsername'
  | 'badEmail'
  | 'badPassword'
  | 'userExists'
  | 'tooManyUsers';

/** The words for a parameter `lang` such as `de` or `de-AT`; English for languages that are not here. */
export function textsIn(lang = ''): PageTexts {
  const [language] = lang.toLowerCase().split('-');
  return TEXTS.find((texts) => texts.language === language) ?? ENGLISH;
}

const ENGLISH: PageTexts = {
  language: 'en',
  signIn: 'Sign in',
  to: 'to',
  username: 'Username',
  password: 'Password',
  email: 'Email (may be left out)',
  signUp: 'Create an account',
  forgotPassword: 'Forgot your password?',
  backToSignIn: 'Back to the sign-in page',
  goOn: 'Go on',
  continueAs: 'Continue as',
  passwordRule: '8 to 256 characters: upper case, lower case, a digit and a sign.',
  addPasskey: 'Add a passkey',
  noPasskeys: 'A local user pool has no passkeys. Cognito asks for one here.',
  noNewPasswords:
    'A local user pool sends no mail, and keeps the passwords that it was created with. Cognito sends a code here.',
  problems: {
    incorrect: 'Incorrect username or password.',
    expired: 'This page had expired. Please sign in again.',
    badUsername: 'A username has 1 to 128 letters, digits or signs, and no spaces.',
    badEmail: 'This is no email address.',
    badPassword: 'This password is too simple.',
    userExists: 'There is a user of this name.',
    tooManyUsers: 'This local user pool takes no more users until it is started again.',
  },
};

const TEXTS: readonly PageTexts[] = [
  ENGLISH,
  {
    language: 'de',
    signIn: 'Anmelden',
    to: 'bei',
    username: 'Benutzername',
    password: 'Passwort',
    email: 'E-Mail (freiwillig)',
    signUp: 'Konto anlegen',
    forgotPassword: 'Passwort vergessen?',
    backToSignIn: 'Zurück zur Anmeldung',
    goOn: 'Weiter',
    continueAs: 'Weiter als',
    passwordRule:
      '8 bis 256 Zeichen: Groß- und Kleinbuchstaben, eine Ziffer und ein Sonderzeichen.',
    addPasskey: 'Passkey hinzufügen',
    noPasskeys: 'Ein lokaler User Pool hat keine Passkeys. Cognito fragt hier nach einem.',
    noNewPasswords:
      'Ein lokaler User Pool verschickt keine E-Mails und behält seine Passwörter. Cognito schickt hier einen Code.',
    problems: {
      incorrect: 'Benutzername oder Passwort ist falsch.',
      expired: 'Diese Seite war abgelaufen. Bitte noch einmal anmelden.',
      badUsername:
        'Ein Benutzername hat 1 bis 128 Buchstaben, Ziffern oder Zeichen ohne Leerzeichen.',
      badEmail: 'Das ist keine E-Mail-Adresse.',
      badPassword: 'Dieses Passwort ist zu einfach.',
      userExists: 'Diesen Benutzernamen gibt es schon.',
      tooManyUsers: 'Dieser lokale User Pool nimmt bis zum Neustart keine Benutzer mehr auf.',
    },
  },
  {
    language: 'fr',
    signIn: 'Se connecter',
    to: 'à',
    username: "Nom d'utilisateur",
    password: 'Mot de passe',
    email: 'E-mail (facultatif)',
    signUp: 'Créer un compte',
    forgotPassword: 'Mot de passe oublié ?',
    backToSignIn: 'Retour à la connexion',
    goOn: 'Continuer',
    continueAs: 'Continuer en tant que',
    passwordRule: '8 à 256 caractères : majuscule, minuscule, chiffre et caractère spécial.',
    addPasskey: "Ajouter une clé d'accès",
    noPasskeys: "Un user pool local n'a pas de clés d'accès. Cognito en demande une ici.",
    noNewPasswords:
      "Un user pool local n'envoie pas d'e-mail et garde ses mots de passe. Cognito envoie un code ici.",
    problems: {
      incorrect: "Nom d'utilisateur ou mot de passe incorrect.",
      expired: 'Cette page avait expiré. Veuillez vous reconnecter.',
      badUsername: "Un nom d'utilisateur a 1 à 128 lettres, chiffres ou signes, sans espace.",
      badEmail: "Ce n'est pas une adresse e-mail.",
      badPassword: 'Ce mot de passe est trop simple.',
      userExists: "Ce nom d'utilisateur existe déjà.",
      tooManyUsers: "Ce user pool local n'accepte plus d'utilisateurs avant son redémarrage.",
    },
  },
  {
    language: 'es',
    signIn: 'Iniciar sesión',
    to: 'en',
    username: 'Nombre de usuario',
    password: 'Contraseña',
    email: 'Correo electrónico (opcional)',
    signUp: 'Crear una cuenta',
    forgotPassword: '¿Olvidó su contraseña?',
    backToSignIn: 'Volver al inicio de sesión',
    goOn: 'Continuar',
    continueAs: 'Continuar como',
    passwordRule: 'De 8 a 256 caracteres: mayúscula, minúscula, un dígito y un signo.',
    addPasskey: 'Añadir una clave de acceso',
    noPasskeys: 'Un user pool local no tiene claves de acceso. Cognito pide una aquí.',
    noNewPasswords:
      'Un user pool local no envía correos y conserva sus contraseñas. Cognito envía un código aquí.',
    problems: {
      incorrect: 'Nombre de usuario o contraseña incorrectos.',
      expired: 'Esta página había caducado. Inicie sesión de nuevo.',
      badUsername: 'Un nombre de usuario tiene de 1 a 128 letras, dígitos o signos, sin espacios.',
      badEmail: 'No es una dirección de correo electrónico.',
      badPassword: 'Esta contraseña es demasiado simple.',
      userExists: 'Este nombre de usuario ya existe.',
      tooManyUsers: 'Este user pool local no acepta más usuarios hasta que se reinicie.',
    },
  },
];
