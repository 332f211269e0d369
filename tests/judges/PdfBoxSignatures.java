import java.io.File;
import java.io.FileInputStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.apache.pdfbox.pdmodel.interactive.form.PDSignatureField;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignerDigestMismatchException;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * PDF signatures as Apache PDFBox finds them and BouncyCastle checks them, for judging what another program signed.
 *
 * <p>Reads one request a line on standard input and answers each with one line. Fields are separated by tabs; after the
 * first they read name=value, the value URL-encoded. A name may come several times.
 *
 * <pre>
 * verify  file= [anchor=FILE]... at=MILLISECONDS
 *         OK     signature=…    once for each: FIELD|INTACT|TRUSTED|WHOLE|HASH|why, the three in capitals true or false
 *         ERROR  detail=…       the document cannot be read
 * </pre>
 */
public final class PdfBoxSignatures {
    private PdfBoxSignatures() {}

    /** A signature that is wrong, and why. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String why) {
            super(why);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        var in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = verify(line);
            } catch (Exception | StackOverflowError error) {
                answer = "ERROR\tdetail=" + encode(error.toString());
            }
            out.println(answer);
        }
    }

    private static String verify(String request) throws Exception {
        File file = null;
        var date = new Date();
        Set<TrustAnchor> anchors = new HashSet<>();
        for (String field : request.split("\t")) {
            int equals = field.indexOf('=');
            String value = equals < 0 ? "" : URLDecoder.decode(field.substring(equals + 1), StandardCharsets.UTF_8);
            switch (equals < 0 ? field : field.substring(0, equals)) {
                case "verify" -> { }
                case "file" -> file = new File(value);
                case "at" -> date = new Date(Long.parseLong(value));
                case "anchor" -> anchors.add(new TrustAnchor(certificate(Path.of(value)), null));
                default -> throw new IllegalArgumentException(field);
            }
        }
        byte[] bytes = Files.readAllBytes(file.toPath());
        var answer = new StringBuilder("OK");
        try (PDDocument document = PDDocument.load(bytes)) {
            document.getNumberOfPages();
            for (PDSignatureField field : document.getSignatureFields()) {
                PDSignature signature = field.getSignature();
                if (signature != null) {
                    String facts = judge(signature, bytes, anchors, date);
                    answer.append("\tsignature=").append(encode(field.getFullyQualifiedName() + "|" + facts));
                }
            }
        }
        return answer.toString();
    }

    private static String judge(PDSignature signature, byte[] bytes, Set<TrustAnchor> anchors, Date date) {
        boolean whole = false;
        boolean intact = false;
        String hash = "";
        try {
            whole = covered(signature, bytes);
            var data = new CMSSignedData(new CMSProcessableByteArray(signature.getSignedContent(bytes)), signature.getContents(bytes));
            SignerInformation signer = onlySigner(data);
            hash = signer.getDigestAlgOID();
            X509Certificate certificate = check(data, signer);
            intact = true;
            build(certificate, data, anchors, date);
            return String.join("|", "true", "true", "" + whole, hash, "");
        } catch (Exception error) {
            return String.join("|", "" + intact, "false", "" + whole, hash, error.toString());
        }
    }

    /** Whether the ranges reach the end of the file; that only /Contents lies between them is demanded. */
    private static boolean covered(PDSignature signature, byte[] bytes) throws Exception {
        int[] range = signature.getByteRange();
        if (range.length != 4 || range[0] != 0 || range[1] < 0 || range[2] < range[1] || range[3] < 0) {
            throw new Refused("the byte range is not one: " + Arrays.toString(range));
        }
        int first = range[1];
        int last = range[2] - 1;
        if ((long) range[2] + range[3] > bytes.length || bytes[first] != '<' || bytes[last] != '>') {
            throw new Refused("the byte range does not leave out a hexadecimal string");
        }
        String hex = new String(bytes, first + 1, last - first - 1, StandardCharsets.US_ASCII);
        if (!hex.matches("[0-9A-Fa-f]*") || !Arrays.equals(org.bouncycastle.util.encoders.Hex.decode(hex), signature.getContents())) {
            throw new Refused("what the byte range leaves out is not /Contents");
        }
        return (long) range[2] + range[3] == bytes.length;
    }

    private static SignerInformation onlySigner(CMSSignedData data) throws Refused {
        Collection<SignerInformation> signers = data.getSignerInfos().getSigners();
        if (signers.size() != 1) {
            throw new Refused(signers.size() + " signers");
        }
        return signers.iterator().next();
    }

    /** Digest and value, by the certificate inside; gives that certificate. */
    private static X509Certificate check(CMSSignedData data, SignerInformation signer) throws Exception {
        @SuppressWarnings("unchecked")
        Collection<X509CertificateHolder> found = data.getCertificates().getMatches(signer.getSID());
        if (found.isEmpty()) {
            throw new Refused("the signer's certificate is not there");
        }
        X509Certificate certificate = convert(found.iterator().next());
        try {
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate))) {
                throw new Refused("the signature value is wrong");
            }
        } catch (CMSSignerDigestMismatchException error) {
            throw new Refused("the digest is wrong");
        }
        return certificate;
    }

    private static void build(X509Certificate certificate, CMSSignedData data, Set<TrustAnchor> anchors, Date date) throws Exception {
        if (anchors.isEmpty()) {
            throw new GeneralSecurityException("no anchors");
        }
        List<X509Certificate> pool = new ArrayList<>();
        for (X509CertificateHolder holder : data.getCertificates().getMatches(null)) {
            pool.add(convert(holder));
        }
        var target = new X509CertSelector();
        target.setCertificate(certificate);
        var parameters = new PKIXBuilderParameters(anchors, target);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(pool)));
        parameters.setRevocationEnabled(false);
        // JPKI's policy is critical and names its practice statement by a qualifier, which is for people to read.
        parameters.setPolicyQualifiersRejected(false);
        parameters.setDate(date);
        CertPathBuilder.getInstance("PKIX").build(parameters);
    }

    private static X509Certificate convert(X509CertificateHolder holder) throws GeneralSecurityException {
        return new JcaX509CertificateConverter().getCertificate(holder);
    }

    private static X509Certificate certificate(Path file) throws Exception {
        try (var in = new FileInputStream(file.toFile())) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
