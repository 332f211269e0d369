/* A PKCS#11 module in front of another: it stands in for the official JPKI module, and does what modules should not.

   Built by pkcs11_front.py, which describes what each variable of the environment does. FRONT_MODULE is read when the
   module is loaded, the others at the first C_Initialize. No locking: clients of one thread only. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define SLOTS 64
#define FAULTS 16
#define LABEL 256

enum kind { NONE, HANG, CRASH, RETURN, VANISH, SHORT, LONG, EMPTY, CORRUPT, OTHER };
enum needs { LIBRARY, SLOT, SESSION };

struct fault {
    enum kind kind;
    CK_RV rv;
    const char *function;
    unsigned long at; /* the call that it happens to, 0 for all */
    unsigned long calls;
};

static const char *const KINDS[] = {NULL, "hang", "crash", "rv", "vanish", "short", "long", "empty", "corrupt", "other"};

static const struct {
    const char *name;
    enum needs needs;
} FUNCTIONS[] = {
    {"C_Initialize", LIBRARY},     {"C_Finalize", LIBRARY},         {"C_GetInfo", LIBRARY},
    {"C_GetSlotList", LIBRARY},    {"C_GetSlotInfo", LIBRARY},      {"C_GetTokenInfo", SLOT},
    {"C_GetMechanismList", SLOT},  {"C_GetMechanismInfo", SLOT},    {"C_OpenSession", SLOT},
    {"C_CloseAllSessions", SLOT},  {"C_CloseSession", SESSION},     {"C_GetSessionInfo", SESSION},
    {"C_Login", SESSION},          {"C_Logout", SESSION},           {"C_FindObjectsInit", SESSION},
    {"C_FindObjects", SESSION},    {"C_FindObjectsFinal", SESSION}, {"C_GetAttributeValue", SESSION},
    {"C_SignInit", SESSION},       {"C_Sign", SESSION},             {"C_SignUpdate", SESSION},
    {"C_SignFinal", SESSION},
};

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST front;

/* The environment */

static int configured, official, gone;
static char *log_path, *pin_pad;
static CK_FLAGS token_flags;
static CK_ATTRIBUTE_TYPE hidden[16];
static size_t hidden_count;
static struct fault faults[FAULTS];
static size_t fault_count;

static enum kind damage; /* what becomes of the value of the C_Sign under way */

static const char *known(const char *name)
{
    for (size_t i = 0; i < LENGTH(FUNCTIONS); i++)
        if (strcmp(FUNCTIONS[i].name, name) == 0)
            return FUNCTIONS[i].name;
    return NULL;
}

/* KIND@FUNCTION[:N], or rv=CODE@FUNCTION[:N]; takes the text apart. */
static int parse_fault(char *text, struct fault *fault)
{
    char *at = strchr(text, '@'), *colon = at ? strchr(at, ':') : NULL, *code;

    if (at == NULL || fault_count == FAULTS)
        return 0;
    *at++ = '\0';
    if (colon != NULL) {
        *colon++ = '\0';
        fault->at = strtoul(colon, NULL, 10);
        if (fault->at == 0)
            return 0;
    }
    if ((code = strchr(text, '=')) != NULL) {
        *code++ = '\0';
        fault->rv = strtoul(code, NULL, 0);
    }
    for (size_t i = 1; i < LENGTH(KINDS); i++)
        if (strcmp(KINDS[i], text) == 0)
            fault->kind = i;
    fault->function = known(at);
    if (fault->kind == NONE || fault->function == NULL || (fault->kind == RETURN) != (fault->rv != CKR_OK))
        return 0;
    return fault->kind < SHORT || strcmp(fault->function, "C_Sign") == 0;
}

static char *copied(const char *name)
{
    const char *value = getenv(name);
    return value ? strdup(value) : NULL;
}

static CK_RV configure(void)
{
    char *hides = copied("FRONT_HIDDEN_ATTRIBUTES"), *does = copied("FRONT_FAULTS"), *one;

    official = getenv("FRONT_OFFICIAL") != NULL;
    gone = getenv("FRONT_NO_TOKEN") != NULL;
    log_path = copied("FRONT_LOG");
    pin_pad = copied("FRONT_PIN_PAD");
    if (getenv("FRONT_TOKEN_FLAGS_OR"))
        token_flags = strtoul(getenv("FRONT_TOKEN_FLAGS_OR"), NULL, 0);
    while ((one = strsep(&hides, ",")) != NULL)
        if (hidden_count < LENGTH(hidden))
            hidden[hidden_count++] = strtoul(one, NULL, 0);
    while ((one = strsep(&does, ",")) != NULL) {
        if (!parse_fault(one, &faults[fault_count])) {
            fprintf(stderr, "FRONT_FAULTS: cannot understand %s\n", one);
            return CKR_ARGUMENTS_BAD;
        }
        fault_count++;
    }
    configured = 1;
    return CKR_OK;
}

/* Entering a function: a line in the log, then the faults that wait there. No caller hands over a PIN. */

static void note(const char *function, const char *format, va_list details)
{
    char text[256];
    int file;

    vsnprintf(text, sizeof text, format, details);
    if (log_path == NULL || (file = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) < 0)
        return;
    dprintf(file, "%d %s%s%s\n", (int) getpid(), function, *text ? " " : "", text); /* one write, whole lines */
    close(file);
}

static CK_RV without_token(const char *function)
{
    for (size_t i = 0; i < LENGTH(FUNCTIONS); i++)
        if (strcmp(FUNCTIONS[i].name, function) == 0)
            switch (FUNCTIONS[i].needs) {
            case LIBRARY: return CKR_OK;
            case SLOT: return CKR_TOKEN_NOT_PRESENT;
            case SESSION: return CKR_DEVICE_REMOVED;
            }
    abort();
}

static CK_RV enter(const char *function, const char *format, ...)
{
    va_list details;

    va_start(details, format);
    note(function, format, details);
    va_end(details);
    damage = NONE;
    for (size_t i = 0; i < fault_count; i++) {
        if (strcmp(faults[i].function, function) != 0)
            continue;
        faults[i].calls++;
        if (faults[i].at != 0 && faults[i].at != faults[i].calls)
            continue;
        switch (faults[i].kind) {
        case HANG:
            for (;;)
                pause();
        case CRASH:
            signal(SIGSEGV, SIG_DFL);
            raise(SIGSEGV);
            abort();
        case RETURN:
            return faults[i].rv;
        case VANISH:
            gone = 1;
            break;
        default:
            damage = faults[i].kind;
        }
    }
    return gone ? without_token(function) : CKR_OK;
}

#define ENTER(...)                          \
    do {                                    \
        CK_RV entered = enter(__VA_ARGS__); \
        if (entered != CKR_OK)              \
            return entered;                 \
    } while (0)

static void pad(unsigned char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

/* The library */

static CK_RV front_Initialize(void *arguments)
{
    if (!configured) {
        CK_RV rv = configure();
        if (rv != CKR_OK)
            return rv;
    }
    ENTER("C_Initialize", "");
    return real->C_Initialize(arguments);
}

static CK_RV front_Finalize(void *reserved)
{
    ENTER("C_Finalize", "");
    return real->C_Finalize(reserved);
}

static CK_RV front_GetInfo(CK_INFO *info)
{
    ENTER("C_GetInfo", "");
    CK_RV rv = real->C_GetInfo(info);
    if (rv == CKR_OK && official) { /* its specification follows PKCS#11 v2.01 */
        info->cryptokiVersion = (CK_VERSION){2, 1};
        pad(info->libraryDescription, sizeof info->libraryDescription, "Stand-in for the JPKI module");
    }
    return rv;
}

/* Slots and tokens. The official module shows one slot: with OpenSC behind, the one of the signature password. */

static CK_SLOT_ID shown;
static int shown_known;

static int labelled(const CK_TOKEN_INFO *info, const char *text)
{
    return memmem(info->label, sizeof info->label, text, strlen(text)) != NULL;
}

static CK_RV official_slot(unsigned char present, CK_ULONG *found)
{
    CK_SLOT_ID slots[SLOTS];
    CK_ULONG count = SLOTS;
    CK_TOKEN_INFO info;
    CK_RV rv = real->C_GetSlotList(present, slots, &count);

    *found = 0;
    if (rv != CKR_OK)
        return rv;
    for (CK_ULONG i = 0; i < count; i++) {
        if (real->C_GetTokenInfo(slots[i], &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED))
            continue;
        int right = labelled(&info, "Digital Signature");
        if (right || *found == 0) {
            shown = slots[i];
            *found = shown_known = 1;
        }
        if (right)
            break;
    }
    if (*found == 0 && !present && count > 0) { /* the reader, without a card */
        shown = slots[0];
        *found = shown_known = 1;
    }
    return CKR_OK;
}

static int other_slot(CK_SLOT_ID slot)
{
    CK_ULONG found;

    if (official && !shown_known)
        official_slot(CK_FALSE, &found);
    return official && slot != shown;
}

static CK_RV front_GetSlotList(unsigned char present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_ULONG found = 0;

    ENTER("C_GetSlotList", "present=%d", present);
    if (!(gone && present)) {
        if (!official)
            return real->C_GetSlotList(present, slots, count);
        CK_RV rv = official_slot(present, &found);
        if (rv != CKR_OK)
            return rv;
    }
    CK_ULONG room = *count;
    *count = found;
    if (slots == NULL || found == 0)
        return CKR_OK;
    if (room == 0)
        return CKR_BUFFER_TOO_SMALL;
    *slots = shown;
    return CKR_OK;
}

static CK_RV front_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    ENTER("C_GetSlotInfo", "slot=%lu", slot);
    if (other_slot(slot))
        return CKR_SLOT_ID_INVALID;
    CK_RV rv = real->C_GetSlotInfo(slot, info);
    if (rv == CKR_OK && gone)
        info->flags &= ~CKF_TOKEN_PRESENT;
    return rv;
}

static CK_RV front_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    ENTER("C_GetTokenInfo", "slot=%lu", slot);
    if (other_slot(slot))
        return CKR_SLOT_ID_INVALID;
    CK_RV rv = real->C_GetTokenInfo(slot, info);
    if (rv == CKR_OK) {
        info->flags |= token_flags;
        if (official) /* a guess: nobody has published the label of the real one */
            pad(info->label, sizeof info->label, "JPKI");
    }
    return rv;
}

static const CK_MECHANISM_TYPE MECHANISMS[] = {CKM_RSA_PKCS, CKM_SHA_1, CKM_SHA256};

static int unknown_mechanism(CK_MECHANISM_TYPE mechanism)
{
    for (size_t i = 0; i < LENGTH(MECHANISMS); i++)
        if (MECHANISMS[i] == mechanism)
            return 0;
    return official;
}

static CK_RV front_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *mechanisms, CK_ULONG *count)
{
    ENTER("C_GetMechanismList", "slot=%lu", slot);
    if (other_slot(slot))
        return CKR_SLOT_ID_INVALID;
    if (!official)
        return real->C_GetMechanismList(slot, mechanisms, count);
    CK_ULONG room = *count;
    *count = LENGTH(MECHANISMS);
    if (mechanisms == NULL)
        return CKR_OK;
    if (room < LENGTH(MECHANISMS))
        return CKR_BUFFER_TOO_SMALL;
    memcpy(mechanisms, MECHANISMS, sizeof MECHANISMS);
    return CKR_OK;
}

static CK_RV front_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *info)
{
    ENTER("C_GetMechanismInfo", "slot=%lu mechanism=0x%lx", slot, mechanism);
    if (other_slot(slot))
        return CKR_SLOT_ID_INVALID;
    return unknown_mechanism(mechanism) ? CKR_MECHANISM_INVALID : real->C_GetMechanismInfo(slot, mechanism, info);
}

/* Sessions */

static CK_RV front_OpenSession(
    CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
    ENTER("C_OpenSession", "slot=%lu flags=0x%lx", slot, flags);
    return other_slot(slot) ? CKR_SLOT_ID_INVALID : real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV front_CloseAllSessions(CK_SLOT_ID slot)
{
    ENTER("C_CloseAllSessions", "slot=%lu", slot);
    return other_slot(slot) ? CKR_SLOT_ID_INVALID : real->C_CloseAllSessions(slot);
}

static CK_RV front_CloseSession(CK_SESSION_HANDLE session)
{
    ENTER("C_CloseSession", "");
    return real->C_CloseSession(session);
}

static CK_RV front_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    ENTER("C_GetSessionInfo", "");
    return real->C_GetSessionInfo(session, info);
}

static CK_RV front_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, unsigned long length)
{
    ENTER("C_Login", "user=%lu pin=%s", user, pin ? "given" : "none");
    if (pin == NULL && pin_pad != NULL) {
        if (*pin_pad == '\0') /* the holder has pressed the cancel key */
            return CKR_FUNCTION_CANCELED;
        pin = (unsigned char *) pin_pad;
        length = strlen(pin_pad);
    }
    return real->C_Login(session, user, pin, length);
}

static CK_RV front_Logout(CK_SESSION_HANDLE session)
{
    ENTER("C_Logout", "");
    return real->C_Logout(session);
}

/* Objects. The official module calls the holder's certificate USERCERT and its key nothing. */

static CK_RV ask(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG *size)
{
    CK_ATTRIBUTE attribute = {type, value, *size};
    CK_RV rv = real->C_GetAttributeValue(session, object, &attribute, 1);

    *size = rv == CKR_OK ? attribute.ulValueLen : 0;
    return rv;
}

/* Private keys that can be seen, of that CKA_ID or any. In a session of its own: the client may be in a search. */
static int has_private_key(CK_SESSION_HANDLE session, void *id, CK_ULONG size)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, size}};
    CK_SESSION_INFO info;
    CK_SESSION_HANDLE own;
    CK_OBJECT_HANDLE key;
    CK_ULONG found = 0;

    if (real->C_GetSessionInfo(session, &info) != CKR_OK)
        return 0;
    if (real->C_OpenSession(info.slotID, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK)
        return 0;
    if (real->C_FindObjectsInit(own, template, id ? 2 : 1) == CKR_OK) {
        if (real->C_FindObjects(own, &key, 1, &found) != CKR_OK)
            found = 0;
        real->C_FindObjectsFinal(own);
    }
    real->C_CloseSession(own);
    return found > 0;
}

/* Has the DER a basicConstraints extension (2.5.29.19) that begins with TRUE? */
static int of_ca(const unsigned char *der, size_t size)
{
    static const unsigned char OID[] = {0x06, 0x03, 0x55, 0x1D, 0x13}, TRUTH[] = {0x01, 0x01, 0xFF};
    const unsigned char *end = der + size, *at = memmem(der, size, OID, sizeof OID);

    if (at == NULL)
        return 0;
    at += sizeof OID;
    if (end - at > 3 && memcmp(at, TRUTH, sizeof TRUTH) == 0) /* critical */
        at += sizeof TRUTH;
    return end - at >= 7 && memcmp(at + 4, TRUTH, sizeof TRUTH) == 0; /* in OCTET STRING and SEQUENCE */
}

/* The label that the official module would show; NULL where that is not known. */
static const char *official_label(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class;
    unsigned char id[256], der[8192];
    CK_ULONG size = sizeof class, id_size = sizeof id, der_size = sizeof der;

    if (ask(session, object, CKA_CLASS, &class, &size) != CKR_OK)
        return NULL;
    if (class == CKO_PRIVATE_KEY)
        return "";
    if (class != CKO_CERTIFICATE)
        return NULL;
    if (has_private_key(session, NULL, 0))
        return ask(session, object, CKA_ID, id, &id_size) == CKR_OK && has_private_key(session, id, id_size)
                   ? "USERCERT"
                   : NULL;
    return ask(session, object, CKA_VALUE, der, &der_size) == CKR_OK && !of_ca(der, der_size) ? "USERCERT" : NULL;
}

static int is_hidden(CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < hidden_count; i++)
        if (hidden[i] == type)
            return 1;
    return 0;
}

static CK_RV answer(CK_ATTRIBUTE *attribute, const char *label)
{
    CK_ULONG room = attribute->ulValueLen;

    if (is_hidden(attribute->type)) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    attribute->ulValueLen = strlen(label);
    if (attribute->pValue == NULL)
        return CKR_OK;
    if (room < attribute->ulValueLen) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(attribute->pValue, label, attribute->ulValueLen);
    return CKR_OK;
}

static CK_RV front_GetAttributeValue(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, unsigned long count)
{
    CK_ATTRIBUTE passed[count + 1];
    unsigned long places[count + 1], passed_count = 0;
    const char *label = NULL;
    CK_RV rv = CKR_OK, own = CKR_OK;

    ENTER("C_GetAttributeValue", "");
    for (unsigned long i = 0; i < count; i++) {
        if (official && attributes[i].type == CKA_LABEL)
            label = official_label(session, object);
        if (is_hidden(attributes[i].type) || (attributes[i].type == CKA_LABEL && label != NULL)) {
            CK_RV answered = answer(&attributes[i], label);
            own = answered != CKR_OK ? answered : own;
        } else {
            passed[passed_count] = attributes[i];
            places[passed_count++] = i;
        }
    }
    if (passed_count > 0)
        rv = real->C_GetAttributeValue(session, object, passed, passed_count);
    for (unsigned long i = 0; i < passed_count; i++)
        attributes[places[i]].ulValueLen = passed[i].ulValueLen;
    return rv != CKR_OK ? rv : own;
}

/* A search for a label that the module behind does not know: the front looks through what matches otherwise. One
   search at a time is all that clients do. */
static struct {
    CK_SESSION_HANDLE session;
    char label[LABEL];
} search;

static CK_RV front_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, unsigned long count)
{
    CK_ATTRIBUTE passed[count + 1];
    unsigned long passed_count = 0;

    ENTER("C_FindObjectsInit", "");
    search.session = CK_INVALID_HANDLE;
    for (unsigned long i = 0; i < count; i++)
        if (official && template[i].type == CKA_LABEL && template[i].ulValueLen < LABEL) {
            search.session = session;
            memset(search.label, 0, LABEL);
            memcpy(search.label, template[i].pValue, template[i].ulValueLen);
        } else {
            passed[passed_count++] = template[i];
        }
    return real->C_FindObjectsInit(session, passed_count ? passed : NULL, passed_count);
}

static int is_searched(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    const char *label = official_label(session, object);
    char behind[LABEL] = "";
    CK_ULONG size = sizeof behind - 1;

    if (label == NULL) {
        if (ask(session, object, CKA_LABEL, behind, &size) != CKR_OK)
            return 0;
        label = behind;
    }
    return strcmp(label, search.label) == 0;
}

static CK_RV front_FindObjects(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, unsigned long room, CK_ULONG *count)
{
    CK_OBJECT_HANDLE object;
    CK_ULONG found;

    ENTER("C_FindObjects", "");
    if (search.session != session)
        return real->C_FindObjects(session, objects, room, count);
    for (*count = 0; *count < room;) {
        CK_RV rv = real->C_FindObjects(session, &object, 1, &found);
        if (rv != CKR_OK || found == 0)
            return rv;
        if (is_searched(session, object))
            objects[(*count)++] = object;
    }
    return CKR_OK;
}

static CK_RV front_FindObjectsFinal(CK_SESSION_HANDLE session)
{
    ENTER("C_FindObjectsFinal", "");
    return real->C_FindObjectsFinal(session);
}

/* Signing */

static CK_RV front_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    ENTER("C_SignInit", "mechanism=0x%lx", mechanism->mechanism);
    return unknown_mechanism(mechanism->mechanism) ? CKR_MECHANISM_INVALID : real->C_SignInit(session, mechanism, key);
}

static int long_value_next(void)
{
    for (size_t i = 0; i < fault_count; i++)
        if (faults[i].kind == LONG && (faults[i].at == 0 || faults[i].at == faults[i].calls + 1))
            return 1;
    return 0;
}

static CK_RV front_Sign(
    CK_SESSION_HANDLE session, unsigned char *data, unsigned long size, unsigned char *value, CK_ULONG *length)
{
    unsigned char *other = NULL, waste[1024];
    CK_ULONG room = sizeof waste;
    CK_RV rv;

    if (value == NULL) { /* asks for the length of a signature: nothing is signed, and nothing is counted */
        rv = real->C_Sign(session, data, size, NULL, length);
        if (rv == CKR_OK && long_value_next()) /* clients make just the room that they were told */
            ++*length;
        return rv;
    }
    rv = enter("C_Sign", "bytes=%lu", size);
    if (rv != CKR_OK) {
        if (rv != CKR_BUFFER_TOO_SMALL) /* any other error ends the operation, so it has to end behind as well */
            real->C_Sign(session, data, size, waste, &room);
        return rv;
    }
    if (damage == OTHER && size > 0 && (other = malloc(size)) != NULL) {
        memcpy(other, data, size);
        other[size - 1] ^= 1;
        data = other;
    }
    room = *length;
    rv = real->C_Sign(session, data, size, value, length);
    free(other);
    if (rv != CKR_OK)
        return rv;
    switch (damage) {
    case SHORT:
        --*length;
        break;
    case LONG:
        if (*length >= room)
            return CKR_BUFFER_TOO_SMALL;
        value[(*length)++] = 0;
        break;
    case EMPTY:
        *length = 0;
        break;
    case CORRUPT:
        value[*length - 1] ^= 1;
        break;
    default:
        break;
    }
    return CKR_OK;
}

static CK_RV front_SignUpdate(CK_SESSION_HANDLE session, unsigned char *part, unsigned long size)
{
    ENTER("C_SignUpdate", "bytes=%lu", size);
    return real->C_SignUpdate(session, part, size);
}

static CK_RV front_SignFinal(CK_SESSION_HANDLE session, unsigned char *value, CK_ULONG *length)
{
    if (value == NULL)
        return real->C_SignFinal(session, NULL, length);
    ENTER("C_SignFinal", "");
    return real->C_SignFinal(session, value, length);
}

/* The one symbol of the module. Functions that are not here are those of the module behind. */

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    const char *path = getenv("FRONT_MODULE");

    if (real == NULL) {
        void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        CK_C_GetFunctionList behind = module ? (CK_C_GetFunctionList) dlsym(module, "C_GetFunctionList") : NULL;
        if (behind == NULL) {
            fprintf(stderr, "FRONT_MODULE: %s\n", path ? dlerror() : "not set");
            return CKR_GENERAL_ERROR;
        }
        CK_RV rv = behind(&real);
        if (rv != CKR_OK)
            return rv;
        front = *real;
        front.C_Initialize = front_Initialize;
        front.C_Finalize = front_Finalize;
        front.C_GetInfo = front_GetInfo;
        front.C_GetFunctionList = C_GetFunctionList;
        front.C_GetSlotList = front_GetSlotList;
        front.C_GetSlotInfo = front_GetSlotInfo;
        front.C_GetTokenInfo = front_GetTokenInfo;
        front.C_GetMechanismList = front_GetMechanismList;
        front.C_GetMechanismInfo = front_GetMechanismInfo;
        front.C_OpenSession = front_OpenSession;
        front.C_CloseAllSessions = front_CloseAllSessions;
        front.C_CloseSession = front_CloseSession;
        front.C_GetSessionInfo = front_GetSessionInfo;
        front.C_Login = front_Login;
        front.C_Logout = front_Logout;
        front.C_FindObjectsInit = front_FindObjectsInit;
        front.C_FindObjects = front_FindObjects;
        front.C_FindObjectsFinal = front_FindObjectsFinal;
        front.C_GetAttributeValue = front_GetAttributeValue;
        front.C_SignInit = front_SignInit;
        front.C_Sign = front_Sign;
        front.C_SignUpdate = front_SignUpdate;
        front.C_SignFinal = front_SignFinal;
    }
    *list = &front;
    return CKR_OK;
}
