import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.xml.crypto.Data;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.URIReference;
import javax.xml.crypto.URIReferenceException;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dom.DOMURIReference;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Attr;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;

/**
 * XML Signature as the JDK implements it (Apache Santuario), for judging what another program signed.
 *
 * <p>Reads one request a line on standard input and answers each with one line. Fields are separated by tabs; after the
 * first they read name=value, the value URL-encoded. A name may come several times.
 *
 * <pre>
 * verify  file= [id=NAME]... [folder=] [certificate=SHA-256]
 *         OK     signature=…        once for each: Id, SHA-256 of the certificate, reference URIs, parted by spaces
 *         FAIL   detail=…           a digest or a signature value is wrong
 *         ERROR  detail=…           it could not be judged, or the document is not acceptable
 * sign    file= out= pkcs12= password= [id=NAME]... [folder=] [uri=]... [c14n=] [transforms=none|c14n|enveloped]
 *         [prefix=] [signature-id=]
 *         OK | ERROR detail=…
 * </pre>
 */
public final class JdkXmlDsig {
    private static final String DSIG = XMLSignature.XMLNS;
    private static final String XML = "http://www.w3.org/XML/1998/namespace";
    private static final String C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    private static final String SECURE = "org.jcp.xml.dsig.secureValidation";
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    private JdkXmlDsig() {}

    public static void main(String[] arguments) throws Exception {
        var in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                var request = new Request(line);
                answer = switch (request.verb) {
                    case "verify" -> verify(request);
                    case "sign" -> sign(request);
                    default -> throw new IllegalArgumentException("no such verb: " + request.verb);
                };
            } catch (Exception | StackOverflowError error) {
                answer = "ERROR\tdetail=" + encode(describe(error));
            }
            out.println(answer);
        }
    }

    // Verifying

    private static String verify(Request request) throws Exception {
        Document document = parse(Path.of(request.one("file")));
        registerIds(document, request.all("id"));
        NodeList signatures = document.getElementsByTagNameNS(DSIG, "Signature");
        if (signatures.getLength() == 0) {
            throw new IllegalArgumentException("no Signature element");
        }
        String expected = request.has("certificate") ? request.one("certificate") : null;
        var answer = new StringBuilder("OK");
        for (int i = 0; i < signatures.getLength(); i++) {
            var element = (Element) signatures.item(i);
            X509Certificate signer = leaf(certificates(element));
            String fingerprint = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(signer.getEncoded()));
            if (expected != null && !expected.equals(fingerprint)) {
                throw new IllegalArgumentException("signature " + i + ": KeyInfo names another certificate than the expected one");
            }
            var context = new DOMValidateContext(signer.getPublicKey(), element);
            context.setProperty(SECURE, Boolean.TRUE);
            context.setURIDereferencer(new Dereferencer(request.has("folder") ? Path.of(request.one("folder")) : null));
            XMLSignature signature = FACTORY.unmarshalXMLSignature(context);
            @SuppressWarnings("unchecked")
            List<Reference> references = signature.getSignedInfo().getReferences();
            String wrong = whatIsWrong(signature, references, context);
            if (wrong != null) {
                return "FAIL\tdetail=" + encode("signature " + i + ": " + wrong);
            }
            var facts = new ArrayList<String>();
            facts.add(element.getAttribute("Id"));
            facts.add(fingerprint);
            for (Reference reference : references) {
                facts.add(reference.getURI() == null ? "(none)" : reference.getURI());
            }
            answer.append("\tsignature=").append(encode(String.join(" ", facts)));
        }
        return answer.toString();
    }

    private static String whatIsWrong(XMLSignature signature, List<Reference> references, DOMValidateContext context) throws Exception {
        if (!signature.getSignatureValue().validate(context)) {
            return "core";
        }
        for (int k = 0; k < references.size(); k++) {
            if (!references.get(k).validate(context)) {
                return "reference " + k + " " + references.get(k).getURI();
            }
        }
        return signature.validate(context) ? null : "core";
    }

    private static List<X509Certificate> certificates(Element signature) throws GeneralSecurityException {
        var found = new ArrayList<X509Certificate>();
        for (Node child = signature.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element keyInfo && DSIG.equals(keyInfo.getNamespaceURI()) && "KeyInfo".equals(keyInfo.getLocalName())) {
                NodeList texts = keyInfo.getElementsByTagNameNS(DSIG, "X509Certificate");
                for (int i = 0; i < texts.getLength(); i++) {
                    byte[] der = Base64.getMimeDecoder().decode(texts.item(i).getTextContent());
                    found.add((X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der)));
                }
            }
        }
        return found;
    }

    /** The one certificate of the list that issued none of the others. */
    private static X509Certificate leaf(List<X509Certificate> certificates) {
        var leaves = new ArrayList<X509Certificate>();
        for (X509Certificate candidate : new java.util.LinkedHashSet<>(certificates)) {
            if (certificates.stream().noneMatch(other -> !other.equals(candidate) && issued(candidate, other))) {
                leaves.add(candidate);
            }
        }
        if (leaves.size() != 1) {
            throw new IllegalArgumentException("KeyInfo has " + leaves.size() + " end certificates, not one");
        }
        return leaves.get(0);
    }

    private static boolean issued(X509Certificate issuer, X509Certificate subject) {
        if (!subject.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
            return false;
        }
        try {
            subject.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    // Signing

    private static String sign(Request request) throws Exception {
        Document document = parse(Path.of(request.one("file")));
        registerIds(document, request.all("id"));
        char[] password = request.one("password").toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(request.one("pkcs12"))) {
            store.load(in, password);
        }
        String alias = null;
        for (String name : java.util.Collections.list(store.aliases())) {
            alias = store.isKeyEntry(name) ? name : alias;
        }
        Key key = store.getKey(alias, password);
        Certificate[] chain = store.getCertificateChain(alias);

        String c14n = request.has("c14n") ? request.one("c14n") : C14N;
        var transforms = new ArrayList<Transform>();
        String choice = request.has("transforms") ? request.one("transforms") : "enveloped";
        if (choice.equals("enveloped")) {
            transforms.add(FACTORY.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null));
        }
        if (!choice.equals("none")) {
            transforms.add(FACTORY.newTransform(c14n, (TransformParameterSpec) null));
        }
        int bits = key instanceof ECKey ec ? ec.getParams().getOrder().bitLength() : 0;
        String digest = bits > 256 ? "http://www.w3.org/2001/04/xmldsig-more#sha384" : DigestMethod.SHA256;
        String method = bits == 0 ? "rsa-sha256" : bits > 256 ? "ecdsa-sha384" : "ecdsa-sha256";
        var references = new ArrayList<Reference>();
        for (String uri : request.has("uri") ? request.all("uri") : List.of("")) {
            boolean file = !uri.isEmpty() && !uri.startsWith("#");
            references.add(FACTORY.newReference(uri, FACTORY.newDigestMethod(digest, null), file ? null : transforms, null, null));
        }
        SignedInfo info = FACTORY.newSignedInfo(
                FACTORY.newCanonicalizationMethod(c14n, (C14NMethodParameterSpec) null),
                FACTORY.newSignatureMethod("http://www.w3.org/2001/04/xmldsig-more#" + method, null),
                references);
        KeyInfoFactory keys = FACTORY.getKeyInfoFactory();
        X509Data data = keys.newX509Data(Arrays.asList(chain));
        KeyInfo keyInfo = keys.newKeyInfo(List.<XMLStructure>of(data));
        String id = request.has("signature-id") ? request.one("signature-id") : null;

        var context = new DOMSignContext((PrivateKey) key, document.getDocumentElement());
        context.setProperty(SECURE, Boolean.TRUE);
        context.setURIDereferencer(new Dereferencer(request.has("folder") ? Path.of(request.one("folder")) : null));
        if (request.has("prefix")) {
            context.setDefaultNamespacePrefix(request.one("prefix"));
        }
        FACTORY.newXMLSignature(info, keyInfo, null, id, null).sign(context);
        try (OutputStream out = Files.newOutputStream(Path.of(request.one("out")))) {
            TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
        }
        return "OK";
    }

    // Both

    private static Document parse(Path file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        factory.setXIncludeAware(false);
        factory.setExpandEntityReferences(false);
        DocumentBuilder builder = factory.newDocumentBuilder();
        builder.setErrorHandler(new Strict());
        return builder.parse(file.toFile());
    }

    /** Makes attributes of these names Ids, wherever they stand, and refuses a value that comes twice. */
    private static void registerIds(Document document, List<String> names) {
        Set<String> wanted = new HashSet<>(names);
        Set<String> seen = new HashSet<>();
        NodeList all = document.getElementsByTagNameNS("*", "*");
        for (int i = 0; i < all.getLength(); i++) {
            var element = (Element) all.item(i);
            NamedNodeMap attributes = element.getAttributes();
            for (int k = 0; k < attributes.getLength(); k++) {
                var attribute = (Attr) attributes.item(k);
                String namespace = attribute.getNamespaceURI();
                boolean plain = namespace == null && wanted.contains(attribute.getName());
                boolean xmlId = XML.equals(namespace) && attribute.getLocalName().equals("id") && wanted.contains("xml:id");
                if (plain || xmlId) {
                    if (!seen.add(attribute.getValue())) {
                        throw new IllegalArgumentException("two elements have the Id " + attribute.getValue());
                    }
                    element.setIdAttributeNode(attribute, true);
                }
            }
        }
    }

    /** Same-document references by the JDK's own code, their fragment decoded; other names only from one folder. */
    private static final class Dereferencer implements URIDereferencer {
        private final Path folder;

        Dereferencer(Path folder) {
            this.folder = folder;
        }

        @Override
        public Data dereference(URIReference reference, XMLCryptoContext context) throws URIReferenceException {
            String uri = reference.getURI();
            if (uri == null) {
                throw new URIReferenceException("a reference without a URI");
            }
            if (uri.isEmpty() || uri.startsWith("#")) {
                boolean encoded = uri.indexOf('%') >= 0;
                return FACTORY.getURIDereferencer().dereference(encoded ? new Decoded((DOMURIReference) reference) : reference, context);
            }
            for (String name : List.of(uri, unescape(uri))) {
                if (folder != null && name.equals(new File(name).getName()) && !name.equals("..") && Files.isRegularFile(folder.resolve(name))) {
                    try {
                        return new OctetStreamData(new ByteArrayInputStream(Files.readAllBytes(folder.resolve(name))));
                    } catch (java.io.IOException e) {
                        throw new URIReferenceException(e);
                    }
                }
            }
            throw new URIReferenceException("not a file of the given folder: " + uri);
        }
    }

    private record Decoded(DOMURIReference reference) implements DOMURIReference {
        @Override
        public Node getHere() {
            return reference.getHere();
        }

        @Override
        public String getURI() {
            return unescape(reference.getURI());
        }

        @Override
        public String getType() {
            return reference.getType();
        }
    }

    private static final class Strict implements ErrorHandler {
        @Override
        public void warning(SAXParseException e) {}

        @Override
        public void error(SAXParseException e) throws SAXException {
            throw e;
        }

        @Override
        public void fatalError(SAXParseException e) throws SAXException {
            throw e;
        }
    }

    private static final class Request {
        final String verb;
        private final Map<String, List<String>> fields = new HashMap<>();

        Request(String line) {
            String[] parts = line.split("\t");
            verb = parts[0];
            for (int i = 1; i < parts.length; i++) {
                String[] pair = parts[i].split("=", 2);
                String value = URLDecoder.decode(pair[1], StandardCharsets.UTF_8);
                fields.computeIfAbsent(pair[0], name -> new ArrayList<>()).add(value);
            }
        }

        boolean has(String name) {
            return fields.containsKey(name);
        }

        List<String> all(String name) {
            return fields.getOrDefault(name, List.of());
        }

        String one(String name) {
            if (all(name).size() != 1) {
                throw new IllegalArgumentException("exactly one " + name + " is needed");
            }
            return all(name).get(0);
        }
    }

    /** Percent-decoding as in URIs: a plus sign stays one. */
    private static String unescape(String uri) {
        return URLDecoder.decode(uri.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String describe(Throwable error) {
        var text = new StringBuilder(error.getClass().getSimpleName()).append(": ").append(error.getMessage());
        for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
            text.append(" / ").append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
        }
        return text.toString();
    }
}
