import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * The JDK's own XML Signature, doing the job of contenders.py: bytes in, bytes (or a verdict) out.
 *
 * <pre>
 * sign   FOLDER DOCUMENT RESULT REPETITIONS WARM_UPS WARM_UP_DOCUMENT
 * verify FOLDER DOCUMENT REPETITIONS WARM_UPS WARM_UP_DOCUMENT
 * check  FOLDER DOCUMENT...
 * </pre>
 *
 * Prints one JSON object. With one repetition and no warm-up it shows what a single document costs from a cold start.
 */
public final class JdkContender {
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    private final PrivateKey key;
    private final X509Certificate certificate;

    private JdkContender(Path folder) throws Exception {
        key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve("key.der"))));
        byte[] der = Files.readAllBytes(folder.resolve("certificate.der"));
        certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    public static void main(String[] arguments) throws Exception {
        var contender = new JdkContender(Path.of(arguments[1]));
        Path document = Path.of(arguments[2]);
        switch (arguments[0]) {
            case "check" -> {
                var answers = new ArrayList<Boolean>();
                for (int i = 2; i < arguments.length; i++) {
                    answers.add(contender.accepts(Files.readAllBytes(Path.of(arguments[i]))));
                }
                System.out.println("{\"valid\": " + answers + "}");
            }
            case "sign" -> {
                byte[][] last = new byte[1][];
                contender.measure(document, arguments, 4, data -> last[0] = contender.sign(data));
                Files.write(Path.of(arguments[3]), last[0]);
            }
            case "verify" -> contender.measure(document, arguments, 3, data -> {
                if (!contender.verify(data)) {
                    throw new IllegalStateException("a signature that should be valid was refused");
                }
            });
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private interface Job {
        void run(byte[] data) throws Exception;
    }

    private void measure(Path document, String[] arguments, int at, Job job) throws Exception {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        int repetitions = Integer.parseInt(arguments[at]);
        int warmUps = Integer.parseInt(arguments[at + 1]);
        byte[] warmUp = warmUps > 0 ? Files.readAllBytes(Path.of(arguments[at + 2])) : null;
        long before = peakKilobytes();
        byte[] data = Files.readAllBytes(document);
        for (int i = 0; i < warmUps; i++) {
            job.run(warmUp);
        }
        var wall = new StringBuilder();
        var cpu = new StringBuilder();
        for (int i = 0; i < repetitions; i++) {
            long beginCpu = system.getProcessCpuTime();
            long begin = System.nanoTime();
            job.run(data);
            wall.append(i == 0 ? "" : ", ").append((System.nanoTime() - begin) / 1e9);
            cpu.append(i == 0 ? "" : ", ").append((system.getProcessCpuTime() - beginCpu) / 1e9);
        }
        System.out.printf(
                "{\"wall\": [%s], \"cpu\": [%s], \"before_kb\": %d, \"peak_kb\": %d}%n", wall, cpu, before, peakKilobytes());
    }

    private byte[] sign(byte[] data) throws Exception {
        Document document = parse(data);
        Element root = document.getDocumentElement();
        Element procedure = firstChild(root);
        procedure.setIdAttribute("id", true);
        Transform transform = FACTORY.newTransform(CanonicalizationMethod.INCLUSIVE, (TransformParameterSpec) null);
        DigestMethod digest = FACTORY.newDigestMethod(DigestMethod.SHA256, null);
        Reference reference = FACTORY.newReference("#" + procedure.getAttribute("id"), digest, List.of(transform), null, null);
        SignedInfo info = FACTORY.newSignedInfo(
                FACTORY.newCanonicalizationMethod(CanonicalizationMethod.INCLUSIVE, (C14NMethodParameterSpec) null),
                FACTORY.newSignatureMethod("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", null),
                List.of(reference));
        KeyInfoFactory keys = FACTORY.getKeyInfoFactory();
        var context = new DOMSignContext(key, root);
        context.setDefaultNamespacePrefix("dsig");
        FACTORY.newXMLSignature(info, keys.newKeyInfo(List.of(keys.newX509Data(List.of(certificate)))), null, "_jdk", null)
                .sign(context);
        var out = new ByteArrayOutputStream(data.length + 8192);
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
        return out.toByteArray();
    }

    private boolean accepts(byte[] data) {
        try {
            return verify(data);
        } catch (Exception e) {
            System.err.println(e);
            return false;
        }
    }

    private boolean verify(byte[] data) throws Exception {
        Element root = parse(data).getDocumentElement();
        firstChild(root).setIdAttribute("id", true);
        Node signature = root.getLastChild();
        while (!XMLSignature.XMLNS.equals(signature.getNamespaceURI())) {
            signature = signature.getPreviousSibling();
        }
        var context = new DOMValidateContext(certificate.getPublicKey(), signature);
        return FACTORY.unmarshalXMLSignature(context).validate(context);
    }

    private static Document parse(byte[] data) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(data));
    }

    private static Element firstChild(Element parent) {
        Node child = parent.getFirstChild();
        while (!(child instanceof Element)) {
            child = child.getNextSibling();
        }
        return (Element) child;
    }

    /** What the kernel calls VmHWM and getrusage calls ru_maxrss; 0 where there is no /proc. */
    private static long peakKilobytes() throws Exception {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D+", ""));
            }
        }
        return 0;
    }
}
